/** Evaluations that `promote` keeps, so that a model is not evaluated twice on the same questions. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../files/atomic.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { modelRevision } from '../../inference/digests.ts'
import { packageVersion } from '../../package-root.ts'
import type { Example } from '../../squad/types.ts'
import {
  completeEvaluation,
  type EvaluatedModel,
  type EvaluateModelOptions,
  evaluateOnScreen,
  type ModelEvaluation,
  type PreparedEvaluation,
  prepareEvaluation,
} from '../evaluate/evaluate-model.ts'
import { shardDigests, shardSettings } from '../evaluate/evaluate-shard.ts'
import { PROMOTION_FOLDER } from './promotions.ts'

/** Folder within the promotion folder. */
export const EVALUATIONS_FOLDER = 'evaluations'

/** Maximum number of evaluations to keep for a served folder. */
const MAX_KEPT = 20

const StoredEvaluation = z.object({
  evaluation: z.custom<ModelEvaluation>((value) => typeof value === 'object' && value !== null),
  /** Exact match, F1 and the answer to each question, in order. */
  questions: z.array(z.tuple([z.number(), z.number(), z.string()])),
})

export interface RevisedEvaluation extends EvaluatedModel {
  readonly revision: string
  /** Whether the results come from an earlier evaluation of the same weights on the same questions. */
  readonly reused: boolean
}

/** Evaluates a model, or reads its evaluation if the same one was stored for the served folder `place` before. */
export async function evaluateOnce(
  place: string,
  examples: readonly Example[],
  options: EvaluateModelOptions,
): Promise<RevisedEvaluation> {
  const prepared = await prepareEvaluation(examples, options)
  const { loaded, asked, data } = prepared
  try {
    const revision = await modelRevision(loaded.model, loaded.tokenizer)
    const path = join(place, PROMOTION_FOLDER, EVALUATIONS_FOLDER, `${await evaluationKey(options, prepared)}.json`)
    const stored = await readStored(path, examples)
    if (stored) return { ...stored, revision, reused: true }
    const found = await evaluateOnScreen(options.screen, `Evaluating ${loaded.name}`, loaded.model, data, asked)
    const evaluated = await completeEvaluation(found, prepared)
    await store(path, examples, evaluated).catch((error: Error) => {
      options.screen.print(`The results will not be reused: ${error.message}`)
    })
    return { ...evaluated, revision, reused: false }
  } finally {
    await loaded.model.release()
  }
}

/** Digest of everything that the results depend on. */
async function evaluationKey(options: EvaluateModelOptions, prepared: PreparedEvaluation): Promise<string> {
  const { version_2_with_negative, null_score_diff_threshold, max_answer_length, confidence } = prepared.asked
  const inputs = {
    spanforge: packageVersion(),
    settings: shardSettings(options, prepared),
    stored: { version_2_with_negative, null_score_diff_threshold, max_answer_length, confidence },
    digests: await shardDigests(prepared),
  }
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32)
}

/** A missing or corrupted file counts as not stored. */
async function readStored(path: string, examples: readonly Example[]): Promise<EvaluatedModel | undefined> {
  const found = StoredEvaluation.safeParse(await readJsonFile(path).catch(() => undefined))
  if (!found.success || found.data.questions.length !== examples.length) return undefined
  const { evaluation, questions } = found.data
  return {
    evaluation,
    scores: questions.map(([exact_match, f1]) => ({ exact_match, f1 })),
    predictions: new Map(examples.map(({ id }, i) => [id, questions[i][2]])),
  }
}

async function store(
  path: string,
  examples: readonly Example[],
  { evaluation, scores, predictions }: EvaluatedModel,
): Promise<void> {
  const stored: z.input<typeof StoredEvaluation> = {
    evaluation,
    questions: examples.map(({ id }, i) => [scores[i].exact_match, scores[i].f1, predictions.get(id)!]),
  }
  const folder = join(path, '..')
  await mkdir(folder, { recursive: true })
  await writeFileAtomic(path, JSON.stringify(stored))
  await removeOldest(folder)
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
  const files = await Promise.all(
    names.map(async (name) => ({ name, modified: (await stat(join(folder, name))).mtimeMs })),
  )
  files.sort((a, b) => b.modified - a.modified)
  for (const { name } of files.slice(MAX_KEPT)) await rm(join(folder, name), { force: true })
}
