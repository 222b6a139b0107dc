import { z } from 'zod'
import { type AskedQuestion, eachQuestion } from '../../data/each-question.ts'
import { type DataSource, sourceName } from '../../data/read-examples.ts'
import { SpanforgeError } from '../../errors.ts'
import type { WindowingPlan } from '../../inference/pipeline-options.ts'
import { streamLogits } from '../../inference/stream-logits.ts'
import type { OpenedModel } from '../load/load-model.ts'
import type { CountingProgressBar } from '../screen/screen.ts'
import type { BlockJournal, JournalState } from '../shards/block-journal.ts'
import { isOwn, type Shard } from '../shards/shard.ts'
import { type CutQuestion, type Cutting, questionBlocks } from './predict-blocks.ts'
import { indexLine, type LineOptions, lineMaker } from './predict-lines.ts'

const COUNT = z.int().nonnegative()

/** The progress of a prediction. */
export const PROGRESS = z.object({
  questions: COUNT,
  /** Number of questions that could not be answered. */
  failed: COUNT,
  windows: COUNT,
  /** The id of the last question that was read. */
  last_id: z.string().nullable(),
  /** In a shard, the number of questions that were read, including those of other shards. */
  read: COUNT.optional(),
  /** In a shard, the questions and bytes of each block. */
  blocks: z.array(z.tuple([COUNT, COUNT])).optional(),
})

export type PredictionProgress = z.output<typeof PROGRESS>
export type State = JournalState<PredictionProgress>

export const START: PredictionProgress = { questions: 0, failed: 0, windows: 0, last_id: null }

/** Number of questions that were read, including those of other shards. */
export const readBy = ({ read, questions }: PredictionProgress): number => read ?? questions

export interface Work {
  readonly windowing: WindowingPlan
  readonly cutting: Cutting
  /** Whether questions have contexts. */
  readonly contexts: boolean
  readonly journal: BlockJournal<PredictionProgress>
  readonly progress: CountingProgressBar
  readonly shard?: Shard
  readonly signal?: AbortSignal
}

/** Answers all questions that the journal has no lines of, block by block. */
export async function answerBlocks(
  source: DataSource,
  { model, tokenizer }: OpenedModel,
  asked: LineOptions,
  { windowing, cutting, contexts, journal, progress, shard, signal }: Work,
): Promise<void> {
  const lineOf = lineMaker(asked, tokenizer)
  const { blocks = [] } = journal.state
  // A resumed shard continues after its last block, which every nth block belongs to.
  let number = shard && blocks.length > 0 ? shard.index + (blocks.length - 1) * shard.count : 0
  let read = readBy(journal.state)
  for await (const group of questionBlocks(remaining(source, journal.state, contexts), cutting)) {
    const before = read
    read += group.length
    signal?.throwIfAborted()
    if (!isOwn(shard, number++)) continue
    const block = group.map(cutting.cut)
    const items = block.filter((cut) => 'windows' in cut)
    const windows = items.reduce((sum, item) => sum + item.windows.length, 0)
    const onProgress = (done: number) => {
      signal?.throwIfAborted()
      progress.update(before + Math.floor((block.length * done) / windows))
    }
    const lines = new Map<object, string>()
    for await (const item of streamLogits(model, items, { ...windowing.forward, onProgress }))
      lines.set(
        item.asked,
        JSON.stringify(
          'found' in item
            ? indexLine(item.asked.id, item.found, item.logits, asked)
            : lineOf({ ...item, ...item.asked }),
        ),
      )
    const text = block.map((cut) => `${lines.get(cut.asked) ?? failureLine(cut)}\n`).join('')
    const { state } = journal
    await journal.append(text, (bytes) => ({
      questions: state.questions + block.length,
      failed: state.failed + block.length - items.length,
      windows: state.windows + windows,
      last_id: block.at(-1)!.asked.id,
      ...(shard && { read, blocks: [...(state.blocks ?? []), [block.length, bytes]] }),
    }))
    progress.update(read)
  }
}

const failureLine = (cut: CutQuestion): string =>
  JSON.stringify({ id: cut.asked.id, error: 'error' in cut ? cut.error : '' })

const OTHER_IDS =
  'The file changed before this question, or the answers are from version 0.1.0, which numbered questions without an id ' +
  'from 0. Start over with --overwrite.'

/** Yields the questions that have not been read yet. */
async function* remaining(source: DataSource, state: State, contexts: boolean): AsyncGenerator<AskedQuestion> {
  const { last_id } = state
  const read = readBy(state)
  let index = 0
  for await (const question of eachQuestion(source, { contexts })) {
    index++
    if (index === read && question.id !== last_id)
      throw new SpanforgeError(
        `${sourceName(source)}: question ${index} has the id ${question.id}, but the last answered one had ${last_id}`,
        { remedy: OTHER_IDS },
      )
    if (index > read) yield question
  }
  if (index < read)
    throw new SpanforgeError(`${sourceName(source)}: ${index} questions, but ${read} have been answered`, {
      remedy: 'The file changed. Start over with --overwrite.',
    })
}
