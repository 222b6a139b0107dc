import { join, resolve } from 'node:path'
import type { DataSource } from '../../data/read-examples.ts'
import { UsageError } from '../../errors.ts'
import { withLock } from '../../files/lock.ts'
import { checkOutputs } from '../../files/output.ts'
import {
  type GivenAnswerOptions,
  resolveAnswerOptions,
  resolvePipelineOptions,
} from '../../inference/answer-options.ts'
import { digestConfig, digestTokenizer } from '../../inference/digests.ts'
import { windowingPlan } from '../../inference/pipeline-options.ts'
import { PassageIndex } from '../../search/passage-index.ts'
import { PassageReader } from '../../search/passage-reader.ts'
import { PASSAGES_READ } from '../../search/schema.ts'
import { showValue } from '../../show-value.ts'
import { sha256Of } from '../../training/checkpoints/checkpoint-manifest.ts'
import type { EngineChoice } from '../load/choose-engine.ts'
import { type DataOptions, dataChoice, dataFiles } from '../load/load-data.ts'
import { type HubChoice, type OpenedModel, openModel } from '../load/load-model.ts'
import { modelInputs } from '../run-files.ts'
import type { Screen } from '../screen/screen.ts'
import { BlockJournal, rejectExisting } from '../shards/block-journal.ts'
import { type Shard, shardPath, showShard } from '../shards/shard.ts'
import { completeShard, manifestPath, writeShardManifest } from '../shards/shard-manifest.ts'
import { answerBlocks, PROGRESS, type PredictionProgress, readBy, START, type State } from './answer-blocks.ts'
import { type Counted, countQuestions } from './count-questions.ts'
import { contextCutting, passageCutting } from './predict-blocks.ts'
import { runQaContents, runQaPaths } from './run-qa-outputs.ts'

/** The lines that run_qa's files are made of. */
export const LINES_FILE = 'answers.jsonl'

export interface PredictOptions extends Omit<GivenAnswerOptions, 'onProgress'>, DataOptions {
  readonly model: string
  /** Data file or name of a dataset. Any answers in it are ignored. */
  readonly input: string
  /** JSON Lines file, compressed if its name ends with .gz; with run_qa a folder. */
  readonly output: string
  readonly postprocess?: 'exact' | 'pipeline' | 'run_qa'
  /** Number of answers for each question in run_qa's files (default: 20). */
  readonly n_best_size?: number
  readonly overwrite?: boolean
  /** Folder of an index from whose documents the questions are answered, instead of their contexts. */
  readonly index?: string
  /** Number of passages of the index that the model reads for a question (default: 5). */
  readonly passages?: number
  /** Compute only this part of the questions, into files next to `output` that `merge` puts together. */
  readonly shard?: Shard
  readonly screen: Screen
  readonly hub?: HubChoice
  /** The engine that computes the logits. */
  readonly choice?: EngineChoice
  readonly signal?: AbortSignal
}

/** What `spanforge predict --json` prints. */
export interface Predicted {
  readonly files: readonly string[]
  /** The part of the questions that was computed, such as 3/16. */
  readonly shard?: string
  readonly questions: number
  /** Questions whose line holds an error in place of an answer. */
  readonly failed: number
  /** Questions with the id of an earlier question. */
  readonly repeated_ids: number
  readonly windows: number
  /** Questions that an earlier run had answered. */
  readonly resumed_from: number
  /** Duration of this call in seconds. */
  readonly runtime: number
  readonly questions_per_second: number
}

/**
 * Answers every question of a file in order, one line each. Memory does not grow with the file. If the process is
 * killed, the same call resumes it, and the output has the same bytes as that of an uninterrupted run.
 * @throws DataProblem for a file that holds anything but questions, before the first is answered
 */
export async function predict(options: PredictOptions): Promise<Predicted> {
  const { output, postprocess, screen, signal } = options
  if (options.index !== undefined && (postprocess ?? 'exact') !== 'exact')
    throw new UsageError(`predict: --postprocess ${postprocess} cannot be combined with --index`, 'Omit --postprocess.')
  const path = linesPath(options)
  checkInputs(options, path, [options.input, ...modelInputs(options.model)])
  return withLock(`${path}.lock`, () => answerFile(options, path), {
    guards: postprocess === 'run_qa' ? output : path,
    remedy: 'choose another --output',
    onWait: () => screen.print(`Another process is writing ${path}: waiting for it to finish.`),
    onDoubt: screen.print,
    signal,
  })
}

/** The file that the lines are written to, one for each question. */
function linesPath({ output, postprocess, shard }: PredictOptions): string {
  const whole = postprocess === 'run_qa' ? join(output, LINES_FILE) : output
  return shard ? shardPath(whole, shard) : whole
}

const writesRunQa = ({ postprocess, shard }: Pick<PredictOptions, 'postprocess' | 'shard'>): boolean =>
  postprocess === 'run_qa' && !shard

async function answerFile(options: PredictOptions, path: string): Promise<Predicted> {
  const { hub, overwrite, signal, shard } = options
  const index = options.index === undefined ? undefined : PassageIndex.open(options.index)
  const sureTargets = writesRunQa(options) ? runQaPaths(options.output) : [path]
  // Fail now: reading the file and loading the model may take minutes. A complete shard has nothing to do.
  if (!shard) rejectExisting(path, sureTargets, overwrite)
  const source = await dataFiles(options.input, dataChoice(options, { split: 'validation', hub }))
  checkInputs(options, path, [source].flat())
  const counted = await countQuestions(source, { contexts: !index, signal })
  warnOfRepeatedIds(counted, options)
  const loaded = await openModel(options.model, { choice: options.choice }, hub)
  try {
    return await answerCounted(options, path, { source, counted, loaded, index })
  } finally {
    index?.close()
    await loaded.model.release()
  }
}

interface Opened {
  readonly source: DataSource
  readonly counted: Counted
  readonly loaded: OpenedModel
  readonly index?: PassageIndex
}

async function answerCounted(
  options: PredictOptions,
  path: string,
  { source, counted, loaded, index }: Opened,
): Promise<Predicted> {
  const { screen, overwrite, signal, shard, passages = PASSAGES_READ } = options
  for (const text of [loaded.engineNote, loaded.warning]) if (text) screen.print(`${text}\n`)
  const asked = askedOf(options, loaded)
  const windowing = windowingPlan(loaded.tokenizer, loaded.model.geometry, {
    ...asked,
    length_name: 'max_seq_length',
    keep_leading_spaces: asked.postprocess === 'pipeline',
  })
  const files = writesRunQa(options) ? runQaPaths(options.output, asked.handle_impossible_answer) : [path]
  const inputs = await inputsOf(source, counted, loaded, asked, index && { index, passages })
  const own = shard ? shardInputs(inputs, loaded, options) : inputs
  const complete = shard && !overwrite ? await completeShard(path, own) : undefined
  if (complete) {
    const before = PROGRESS.parse(complete.facts)
    return summary(files, before, { counted, shard, resumed_from: before.questions, runtime: 0 })
  }
  const journal = await BlockJournal.open(path, {
    ...own,
    progress: { schema: PROGRESS, start: START },
    targets: files,
    overwrite,
    onNote: screen.print,
  })
  const whole = { questions: counted.questions, failed: 0, windows: 0 }
  if (!journal) return summary(files, whole, { counted, resumed_from: counted.questions, runtime: 0 })
  const resumed_from = journal.state.questions
  if (resumed_from > 0) screen.print(`Resuming after ${resumed_from.toLocaleString('en-US')} questions.`)
  const began = performance.now()
  const progress = screen.counting('Answering', 'questions', counted.questions, readBy(journal.state))
  try {
    const { tokenizer } = loaded
    const cutting = index
      ? passageCutting(new PassageReader(index, tokenizer, windowing.windows, { passages }), passages)
      : contextCutting(tokenizer, windowing.windows)
    await answerBlocks(source, loaded, asked, {
      windowing,
      cutting,
      contexts: !index,
      journal,
      progress,
      shard,
      signal,
    })
  } catch (error) {
    await journal.leave()
    if (signal?.aborted && error === signal.reason) screen.print(stoppedText(journal.state))
    throw error
  } finally {
    progress.stop()
  }
  const { state } = journal
  if (shard) await writeShard(path, { ...own, shard, state, questions: counted.questions })
  await (writesRunQa(options) ? journal.finishAs(runQaContents(journal.lines, files)) : journal.finish())
  return summary(files, state, { counted, shard, resumed_from, runtime: (performance.now() - began) / 1000 })
}

/** Describes a complete shard, before its lines get their final name. */
async function writeShard(path: string, { settings, digests, shard, state, questions }: FinishedShard): Promise<void> {
  const { questions: answered, failed, windows, last_id, read, blocks } = state
  await writeShardManifest(path, {
    ...{ command: 'predict', shard, settings, digests, units: questions },
    sha256: await sha256Of(`${path}.partial`),
    facts: { questions: answered, failed, windows, last_id, read, blocks },
  })
}

interface FinishedShard extends Inputs {
  readonly shard: Shard
  readonly state: State
  /** Number of questions in all shards. */
  readonly questions: number
}

const stoppedText = ({ questions }: State): string =>
  questions > 0
    ? `Stopped; ${questions.toLocaleString('en-US')} answers are saved. Run the same command again to resume.`
    : 'Stopped before any answers were saved.'

/**
 * Warns about repeated ids, because answers are matched to questions by id. run_qa's files have one entry for each id.
 * @throws UsageError for repeated ids with run_qa
 */
function warnOfRepeatedIds({ repeated, firstRepeated }: Counted, { input, postprocess, screen }: PredictOptions): void {
  if (firstRepeated === undefined) return
  const questions = repeated === 1 ? '1 question has' : `${repeated.toLocaleString('en-US')} questions have`
  const finding = `${input}: ${questions} the id of an earlier question, the first ${showValue(firstRepeated)}`
  if (postprocess === 'run_qa')
    throw new UsageError(
      `${finding}, but run_qa's files hold one answer for each id`,
      'Give every question a unique id ("spanforge data check FILE --fix OUT" does this), or use --postprocess exact.',
    )
  screen.print(`${finding}, so the output has several answers with the same id.`)
}

/** @throws UsageError if the output would replace an input; `BlockJournal` checks for other existing files */
function checkInputs(options: PredictOptions, path: string, inputs: readonly string[]): void {
  const written = writesRunQa(options) ? runQaPaths(options.output, true) : [path]
  if (options.shard) written.push(manifestPath(path))
  checkOutputs([...written, `${path}.partial`, `${path}.partial.json`], { overwrite: true, inputs })
}

type ResolvedOptions = ReturnType<typeof askedOf>

/** Fills in missing options with the settings stored with the model; the Python pipeline has its own defaults. */
function askedOf(options: PredictOptions, { settings }: OpenedModel) {
  const { postprocess = 'exact', n_best_size = 20 } = options
  if (postprocess !== 'pipeline') return { ...resolveAnswerOptions(options, settings), postprocess, n_best_size }
  const { max_answer_len: max_answer_length, ...asked } = resolvePipelineOptions(options, settings)
  return { ...asked, max_answer_length, postprocess, n_best_size }
}

type Inputs = Required<Pick<State, 'settings' | 'digests'>>

/** Everything that the output depends on. */
async function inputsOf(
  source: DataSource,
  counted: Counted,
  { model, tokenizer }: OpenedModel,
  asked: ResolvedOptions,
  searched?: { readonly index: PassageIndex; readonly passages: number },
): Promise<Inputs> {
  const known = Object.entries(asked).filter(([, value]) => value !== undefined)
  return {
    settings: {
      input: [source].flat().map((path) => resolve(path)),
      weights: (await model.digest()).slice(0, 16),
      ...(searched && {
        index: resolve(searched.index.folder),
        index_updated: searched.index.facts.updated,
        passages: searched.passages,
      }),
      ...Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    digests: {
      questions: counted.digest,
      tokenizer: digestTokenizer(tokenizer),
      config: digestConfig(model.config),
    },
  }
}

/** The same for a shard, whose data may be in another folder on another machine, but whose engine must be the same. */
function shardInputs(
  { settings: { input, index, weights, ...settings }, digests }: Inputs,
  { engineName, device }: OpenedModel,
  { choice = {} }: PredictOptions,
): Inputs {
  return {
    settings: {
      ...settings,
      engine: engineName,
      device,
      bf16: choice.bf16 ?? false,
      ...(choice.fp16 && { fp16: true }),
    },
    digests: { ...digests, weights: String(weights) },
  }
}

interface Timing {
  readonly counted: Counted
  readonly shard?: Shard
  readonly resumed_from: number
  /** In seconds. */
  readonly runtime: number
}

function summary(
  files: readonly string[],
  { questions, failed, windows }: Pick<PredictionProgress, 'questions' | 'failed' | 'windows'>,
  { counted, shard, resumed_from, runtime }: Timing,
): Predicted {
  const questions_per_second = runtime > 0 ? (questions - resumed_from) / runtime : 0
  const repeated_ids = counted.repeated
  return {
    files,
    ...(shard && { shard: showShard(shard) }),
    ...{ questions, failed, repeated_ids, windows, resumed_from, runtime, questions_per_second },
  }
}
