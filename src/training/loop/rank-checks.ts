import { createHash } from 'node:crypto'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import { gatherValues, type Ranks, rankName, SharedFailure } from '../../ranks/ranks.ts'

/** @throws SpanforgeError on all ranks if their weights are not the same, bit for bit */
export async function rejectDivergedRanks(
  ranks: Ranks,
  { parameters }: QuestionAnsweringModel,
  step: number,
): Promise<void> {
  const digests = await gatherValues(ranks, createHash('sha256').update(parameters.data).digest('hex'))
  const other = digests.findIndex((digest) => digest !== digests[0])
  if (other < 0) return
  throw new SharedFailure(
    `training: after step ${step}, the weights on ${rankName(ranks, other)} differ from those on ${rankName(ranks, 0)}`,
    { remedy: 'A machine has computed or transmitted wrong values. Check its memory and network, and resume.' },
  )
}

/** The error for a checkpoint whose dropout depends on the passes of a single process. */
export const oldDropout = (checkpoint: string): SharedFailure =>
  new SharedFailure(
    `${checkpoint}: a run that spanforge 0.1 began draws its dropout in an order that several ranks cannot share`,
    {
      remedy: 'Resume it in a single process, or start a new run from its weights with --model.',
      exitCode: 2,
    },
  )
