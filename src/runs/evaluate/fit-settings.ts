import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import { type Evaluation, scorePredictions } from '../../inference/evaluate.ts'
import { type ForwardOptions, windowLogits } from '../../inference/logits.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { answerExamples } from '../../squad/answers/answers.ts'
import { fitConfidence, type JudgedQuestion, MIN_QUESTIONS } from '../../squad/answers/confidence.ts'
import type { Dataset } from '../../squad/dataset.ts'
import { evenlySpaced, inLongTexts } from '../../squad/long-texts.ts'
import { expectedCalibrationError, type JudgedAnswer, reliabilityBins } from '../../squad/metrics/calibration.ts'
import {
  crossFit,
  FITTED_TOP_K,
  judgeGiven,
  judgeQuestions,
  type NoAnswerRule,
} from '../../squad/metrics/judged-questions.ts'
import { tuneThreshold } from '../../squad/metrics/no-answer-threshold.ts'
import type { Example } from '../../squad/types.ts'
import { WindowCutter } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { displayName } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'

type FittedWith = Pick<
  AnswerSettings,
  'version_2_with_negative' | 'null_score_diff_threshold' | 'max_answer_length' | 'max_seq_length' | 'doc_stride'
> & { readonly data: string }

export interface FittingOptions extends Pick<ForwardOptions, 'share'> {
  readonly screen: Screen
}

interface ModelAndTokenizer {
  readonly model: SpanModel
  readonly tokenizer: Tokenizer
}

/** Fitted settings, and the cross-validated confidence of each question: its coefficients come from other questions. */
export interface FittedSettings {
  readonly settings: AnswerSettings
  /** Judged answers by question; undefined if an answer has no confidence. */
  readonly judged: readonly (JudgedAnswer | undefined)[]
}

/** A fitted confidence and the questions that it was fitted on. */
type FittedConfidence = Pick<FittedSettings, 'judged'> & Required<Pick<AnswerSettings, 'confidence'>>

/** Minimum number of questions with and without an answer for fitting the threshold between them. */
const MIN_OF_A_KIND = 20

/** Maximum number of questions that are also asked about a longer text, and of their windows. They limit the time. */
const MAX_LONG_TEXTS = 300
const MAX_LONG_WINDOWS = 3000

/**
 * Returns the reason why the confidence and the threshold cannot be fitted on these questions, or undefined if they
 * can. Copies of a question about the same text add nothing, so they count as one.
 */
export function cannotFit(examples: readonly Example[], version_2_with_negative: boolean): string | undefined {
  const different = withoutCopies(examples)
  const questions = different.length
  if (questions < MIN_QUESTIONS)
    return `at least ${MIN_QUESTIONS} different questions are needed to fit it, and there are ${questions}`
  const answered = different.filter(({ answers }) => answers.length > 0).length
  if (!version_2_with_negative || Math.min(answered, questions - answered) >= MIN_OF_A_KIND) return undefined
  return (
    `at least ${MIN_OF_A_KIND} questions with and ${MIN_OF_A_KIND} without an answer are needed to fit it, ` +
    `and ${answered} of the ${questions} have one`
  )
}

/** The questions that a fit can use. A text that consists of control characters has no tokens, and so no answer. */
export function readableExamples({ examples, windows }: Dataset): Example[] {
  const readable = new Set(
    windows.flatMap(({ example, context_start, context_end }) => (context_end > context_start ? [example] : [])),
  )
  return examples.filter((_, i) => readable.has(i))
}

const withoutCopies = (examples: readonly Example[]): Example[] => [
  ...new Map(examples.map((example) => [JSON.stringify([example.question, example.context]), example])).values(),
]

/**
 * Fits the settings to store with a model, from an evaluation of it. With version 2, it first finds the threshold with
 * the best F1, then fits the confidence at that threshold. With too few questions (see `cannotFit`) it fits neither,
 * and keeps the given threshold.
 */
export async function fitSettings(
  data: Dataset,
  { logits }: Pick<Evaluation, 'logits'>,
  fittedWith: FittedWith,
  reader: ModelAndTokenizer,
  options: FittingOptions,
): Promise<FittedSettings> {
  const { data: source, ...given } = fittedWith
  const { version_2_with_negative, max_answer_length, max_seq_length, doc_stride } = given
  const { examples, windows } = data
  const kept = { version_2_with_negative, max_answer_length, max_seq_length, doc_stride }
  if (cannotFit(readableExamples(data), version_2_with_negative))
    return { settings: { ...kept, null_score_diff_threshold: given.null_score_diff_threshold }, judged: [] }
  const found = answerExamples(examples, windows, logits, { max_answer_length, top_k: FITTED_TOP_K, evidence: true })
  const rule: NoAnswerRule = {
    handle_impossible_answer: version_2_with_negative,
    null_score_diff_threshold: version_2_with_negative ? bestThreshold(examples, found) : 0,
  }
  const long = await inLongTextsRead(examples, { max_answer_length, max_seq_length, doc_stride }, reader, options)
  const { confidence, judged } = fitOn(examples, judgeQuestions(examples, found), long, rule)
  const settings = {
    ...kept,
    null_score_diff_threshold: rule.null_score_diff_threshold,
    confidence,
    fitted_on: { data: displayName(source), questions: examples.length },
  }
  return { settings, judged }
}

/** Describes what was fitted, or why nothing was. */
export function fittedNote({ version_2_with_negative, confidence }: AnswerSettings, data: Dataset): string {
  if (!confidence) {
    const what = version_2_with_negative ? 'No threshold and no confidence are' : 'No confidence is'
    return `${what} stored with the model: ${cannotFit(readableExamples(data), version_2_with_negative)} for validation.`
  }
  const { questions, questions_in_long_texts, expected_calibration_error } = confidence
  const { own_text, long_text } = expected_calibration_error
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return (
    `Confidence fitted on ${questions} validation questions. Expected calibration error, cross-validated: ` +
    percent(own_text) +
    (long_text === undefined ? '.' : `; in longer texts (${questions_in_long_texts} questions) ${percent(long_text)}.`)
  )
}

function bestThreshold(examples: readonly Example[], found: ReturnType<typeof answerExamples>): number {
  const predictions = new Map(examples.map(({ id }, i) => [id, found[i].candidates[0].answer]))
  const odds = new Map(examples.map(({ id }, i) => [id, found[i].null_odds]))
  return tuneThreshold(
    scorePredictions(examples, predictions, odds).scores.map(({ f1 }, i) => ({
      no_answer_score: found[i].null_odds,
      has_answer: examples[i].answers.length > 0,
      score: f1,
    })),
  )
}

/** Questions asked about longer texts, with their indices in the data. */
interface LongTexts {
  readonly indices: readonly number[]
  readonly judged: readonly JudgedQuestion[]
}

/** Asks a sample of the questions about longer texts. */
async function inLongTextsRead(
  examples: readonly Example[],
  options: Pick<FittedWith, 'max_answer_length' | 'max_seq_length' | 'doc_stride'>,
  { model, tokenizer }: ModelAndTokenizer,
  { screen, share }: FittingOptions,
): Promise<LongTexts> {
  const { max_answer_length, max_seq_length, doc_stride } = options
  const cutter = new WindowCutter(tokenizer, { max_seq_length, doc_stride })
  const cut = (count: number) => {
    const all = inLongTexts(examples, evenlySpaced(examples.length, count))
    // A long question leaves little room in a window, and may fit only with a short text.
    const texts = all.filter(({ example }) => cutter.canCut(example))
    return { texts, windows: texts.flatMap(({ example }, i) => cutter.cut(example, i)) }
  }
  let sample = cut(MAX_LONG_TEXTS)
  if (sample.texts.length === 0) return { indices: [], judged: [] }
  const kept = MAX_LONG_WINDOWS / sample.windows.length
  if (kept < 1) sample = cut(Math.ceil(kept * sample.texts.length))
  const progress = screen.counting('Fitting the confidence', 'windows', sample.windows.length)
  try {
    const logits = await windowLogits(model, sample.windows, { share, onProgress: progress.update })
    const search = { max_answer_length, top_k: FITTED_TOP_K, evidence: true }
    const longer = sample.texts.map(({ example }) => example)
    const found = answerExamples(longer, sample.windows, logits, search)
    return { indices: sample.texts.map(({ index }) => index), judged: judgeQuestions(longer, found) }
  } finally {
    progress.stop()
  }
}

/** Fits the confidence. Short and long texts have the same total weight, no matter how many there are of each. */
function fitOn(
  examples: readonly Example[],
  own: readonly JudgedQuestion[],
  long: LongTexts,
  rule: NoAnswerRule,
): FittedConfidence {
  const weight = own.length / Math.max(1, long.judged.length)
  const fit = (isUsed: (example: number) => boolean) =>
    fitConfidence(
      [
        ...own.filter((_, i) => isUsed(i)),
        ...long.judged.flatMap((question, i) => (isUsed(long.indices[i]) ? [{ ...question, weight }] : [])),
      ],
      rule,
    )
  const modelWithout = crossFit(
    examples.map(({ context }) => context),
    fit,
  )
  const judged = own.map((question, i) => judgeGiven(modelWithout(i), question, rule))
  const judgedLong = long.judged.map((question, i) => judgeGiven(modelWithout(long.indices[i]), question, rule))
  return {
    confidence: {
      version: 1,
      ...fit(() => true),
      questions: own.length,
      questions_in_long_texts: long.judged.length,
      expected_calibration_error: {
        own_text: errorOf(judged)!,
        ...(judgedLong.length > 0 && { long_text: errorOf(judgedLong) }),
      },
    },
    judged,
  }
}

/** The expected calibration error of the answers that have a confidence; undefined if none has. */
export function errorOf(judged: readonly (JudgedAnswer | undefined)[]): number | undefined {
  const known = judged.filter((one) => one !== undefined)
  return known.length > 0 ? expectedCalibrationError(reliabilityBins(known)) : undefined
}
