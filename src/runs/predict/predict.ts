import { join, resolve } from 'node:path'
import { type AskedQuestion, eachQuestion } from '../../data/each-question.ts'
import { type DataSource, sourceName } from '../../data/read-examples.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { withLock } from '../../files/lock.ts'
import { checkOutputs } from '../../files/output.ts'
import {
  type GivenAnswerOptions,
  resolveAnswerOptions,
  resolvePipelineOptions,
} from '../../inference/answer-options.ts'
import { digestConfig, digestTokenizer, QuestionsDigest } from '../../inference/digests.ts'
import { type WindowingPlan, windowingPlan } from '../../inference/pipeline-options.ts'
import { streamLogits } from '../../inference/stream-logits.ts'
import { DEFAULT_PASSAGES, PassageIndex } from '../../search/passage-index.ts'
import { PassageReader } from '../../search/passage-reader.ts'
import { showValue } from '../../show-value.ts'
import { runQaFile } from '../../squad/python/run-qa-files.ts'
import type { EngineChoice } from '../load/choose-engine.ts'
import { type DataOptions, dataChoice, dataFiles } from '../load/load-data.ts'
import { type HubChoice, type OpenedModel, openModel } from '../load/load-model.ts'
import { EVALUATION_FILES, modelInputs } from '../run-files.ts'
import type { CountingProgressBar, Screen } from '../screen/screen.ts'
import { type CutOne, type CutQuestion, contextCutter, cutBlocks, passageCutter } from './predict-blocks.ts'
import { AnswerJournal, type JournalState, rejectExisting } from './predict-journal.ts'
import { indexLine, lineMaker, type RunQaLine } from './predict-lines.ts'

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
  /** Number of passages of the index that the model reads for a question (default: 10). */
  readonly passages?: number
  readonly screen: Screen
  readonly hub?: HubChoice
  /** The engine that computes the logits. */
  readonly choice?: EngineChoice
  readonly signal?: AbortSignal
}

/** What `spanforge predict --json` prints. */
export interface Predicted {
  readonly files: readonly string[]
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
  const path = postprocess === 'run_qa' ? join(output, 'answers.jsonl') : output
  checkInputs(options, path, [options.input, ...modelInputs(options.model)])
  return withLock(`${path}.lock`, () => answerFile(options, path), {
    guards: postprocess === 'run_qa' ? output : path,
    remedy: 'choose another --output',
    onWait: () => screen.print(`Another process is writing ${path}: waiting for it to finish.`),
    onDoubt: screen.print,
    signal,
  })
}

async function answerFile(options: PredictOptions, path: string): Promise<Predicted> {
  const { screen, hub, overwrite, signal } = options
  const index = options.index === undefined ? undefined : PassageIndex.open(options.index)
  const sureTargets = options.postprocess === 'run_qa' ? runQaPaths(options.output) : [path]
  // Fail now: reading the file and loading the model may take minutes.
  rejectExisting(path, sureTargets, overwrite)
  const source = await dataFiles(options.input, dataChoice(options, { split: 'validation', hub }))
  checkInputs(options, path, [source].flat())
  const counted = await countQuestions(source, { contexts: !index, signal })
  warnOfRepeatedIds(counted, options)
  const loaded = await openModel(options.model, { choice: options.choice }, hub)
  for (const text of [loaded.engineNote, loaded.warning]) if (text) screen.print(`${text}\n`)
  const asked = askedOf(options, loaded)
  const windowing = windowingPlan(loaded.tokenizer, loaded.model.geometry, {
    ...asked,
    keep_leading_spaces: asked.postprocess === 'pipeline',
  })
  const files = asked.postprocess === 'run_qa' ? runQaPaths(options.output, asked.handle_impossible_answer) : [path]
  const { model, tokenizer } = loaded
  const digests = {
    questions: counted.digest,
    tokenizer: digestTokenizer(tokenizer),
    config: digestConfig(model.config),
  }
  const opening = { targets: files, overwrite, digests, onNote: screen.print }
  const journal = await AnswerJournal.open(
    path,
    await settingsOf(source, loaded, asked, index && { index, options }),
    opening,
  )
  const whole = { questions: counted.questions, failed: 0, windows: 0 }
  if (!journal) return summary(files, whole, { counted, resumed_from: counted.questions, runtime: 0 })
  const resumed_from = journal.state.questions
  if (resumed_from > 0) screen.print(`Resuming after ${resumed_from.toLocaleString('en-US')} questions.`)
  const began = performance.now()
  const progress = screen.counting('Answering', 'questions', counted.questions, resumed_from)
  try {
    const cut = index
      ? passageCutter(new PassageReader(index, tokenizer, windowing.windows, { passages: options.passages }))
      : contextCutter(tokenizer, windowing.windows)
    await answerAll(source, loaded, asked, { windowing, cut, contexts: !index, journal, progress, signal })
  } catch (error) {
    await journal.leave()
    if (signal?.aborted && error === signal.reason) screen.print(stoppedText(journal.state))
    throw error
  } finally {
    progress.stop()
    index?.close()
    await loaded.model.release()
  }
  const { state } = journal
  await (asked.postprocess === 'run_qa' ? writeRunQa(journal, files) : journal.finish())
  return summary(files, state, { counted, resumed_from, runtime: (performance.now() - began) / 1000 })
}

const stoppedText = ({ questions }: JournalState): string =>
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

/** @throws UsageError if the output would replace an input; `AnswerJournal` checks for other existing files */
function checkInputs({ postprocess, output }: PredictOptions, path: string, inputs: readonly string[]): void {
  const written = postprocess === 'run_qa' ? runQaPaths(output, true) : [path]
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

/** Everything that the output depends on, apart from the digests. */
async function settingsOf(
  source: DataSource,
  { model }: OpenedModel,
  asked: ResolvedOptions,
  searched?: { readonly index: PassageIndex; readonly options: PredictOptions },
): Promise<JournalState['settings']> {
  const known = Object.entries(asked).filter(([, value]) => value !== undefined)
  return {
    input: [source].flat().map((path) => resolve(path)),
    weights: (await model.digest()).slice(0, 16),
    ...(searched && {
      index: resolve(searched.index.folder),
      index_updated: searched.index.facts.updated,
      passages: searched.options.passages ?? DEFAULT_PASSAGES,
    }),
    ...Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

interface Counted {
  readonly questions: number
  /** Number of questions with the id of an earlier question. */
  readonly repeated: number
  readonly firstRepeated?: string
  /** Digest of everything in the questions that the answers depend on. */
  readonly digest: string
}

/** Maximum number of ids to remember when looking for repeated ones, so that memory stays bounded. */
const MOST_IDS = 2_000_000

/** Reads the whole file once, to count its questions and find problems before hours of work begin. */
async function countQuestions(
  source: DataSource,
  { contexts, signal }: { readonly contexts: boolean; readonly signal?: AbortSignal },
): Promise<Counted> {
  const ids = new Set<string>()
  let [questions, repeated] = [0, 0]
  let firstRepeated: string | undefined
  const digest = new QuestionsDigest()
  for await (const asked of eachQuestion(source, { contexts })) {
    const { id } = asked
    digest.add(asked)
    if (++questions % 4096 === 0) signal?.throwIfAborted()
    if (ids.has(id)) {
      repeated++
      firstRepeated ??= id
    } else if (ids.size < MOST_IDS) ids.add(id)
  }
  return { questions, repeated, firstRepeated, digest: digest.end() }
}

interface Work {
  readonly windowing: WindowingPlan
  readonly cut: CutOne
  /** Whether questions have contexts. */
  readonly contexts: boolean
  readonly journal: AnswerJournal
  readonly progress: CountingProgressBar
  readonly signal?: AbortSignal
}

async function answerAll(
  source: DataSource,
  { model, tokenizer }: OpenedModel,
  asked: ResolvedOptions,
  { windowing, cut, contexts, journal, progress, signal }: Work,
): Promise<void> {
  const lineOf = lineMaker(asked, tokenizer)
  for await (const block of cutBlocks(remaining(source, journal.state, contexts), cut)) {
    const items = block.filter((cut) => 'windows' in cut)
    const windows = items.reduce((sum, item) => sum + item.windows.length, 0)
    const before = journal.state.questions
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
    const failed = block.length - items.length
    await journal.append(text, { questions: block.length, failed, windows, last_id: block.at(-1)!.asked.id })
    progress.update(journal.state.questions)
  }
}

const failureLine = (cut: CutQuestion): string =>
  JSON.stringify({ id: cut.asked.id, error: 'error' in cut ? cut.error : '' })

const OTHER_IDS =
  'The file changed before this question, or the answers are from version 0.1.0, which numbered questions without an id ' +
  'from 0. Start over with --overwrite.'

/** Yields the questions that have not been answered yet. */
async function* remaining(
  source: DataSource,
  { questions, last_id }: JournalState,
  contexts: boolean,
): AsyncGenerator<AskedQuestion> {
  let index = 0
  for await (const question of eachQuestion(source, { contexts })) {
    index++
    if (index === questions && question.id !== last_id)
      throw new SpanforgeError(
        `${sourceName(source)}: question ${index} has the id ${question.id}, but the last answered one had ${last_id}`,
        { remedy: OTHER_IDS },
      )
    if (index > questions) yield question
  }
  if (index < questions)
    throw new SpanforgeError(`${sourceName(source)}: ${index} questions, but ${questions} have been answered`, {
      remedy: 'The file changed. Start over with --overwrite.',
    })
}

function runQaPaths(folder: string, version_2_with_negative = false): string[] {
  const { predictions, nbest_predictions, null_odds } = EVALUATION_FILES
  const names = [predictions, nbest_predictions, ...(version_2_with_negative ? [null_odds] : [])]
  return names.map((name) => join(folder, name))
}

/** Writes run_qa's files from the lines, one after the other. Questions that failed are left out. */
async function writeRunQa(journal: AnswerJournal, [predictions, nbest, odds]: readonly string[]): Promise<void> {
  const file = (path: string, take: (line: RunQaLine) => unknown) => {
    const entries = async function* () {
      for await (const line of journal.lines() as AsyncGenerator<RunQaLine>)
        if (line.nbest) yield [line.id, take(line)] as const
    }
    return [path, encoded(runQaFile(entries()))] as const
  }
  await journal.finishAs([
    file(nbest, (line) => line.nbest),
    ...(odds ? [file(odds, (line) => line.null_odds)] : []),
    // Written last, because the presence of this file marks the prediction as complete.
    file(predictions, (line) => line.prediction),
  ])
}

const PIECE = 2 ** 20

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = ''
  for await (const piece of pieces) {
    text += piece
    if (text.length < PIECE) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text)
}

interface Timing {
  readonly counted: Counted
  readonly resumed_from: number
  /** In seconds. */
  readonly runtime: number
}

function summary(
  files: readonly string[],
  { questions, failed, windows }: Pick<JournalState, 'questions' | 'failed' | 'windows'>,
  { counted, resumed_from, runtime }: Timing,
): Predicted {
  const questions_per_second = runtime > 0 ? (questions - resumed_from) / runtime : 0
  const repeated_ids = counted.repeated
  return { files, questions, failed, repeated_ids, windows, resumed_from, runtime, questions_per_second }
}
