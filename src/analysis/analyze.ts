import { SpanforgeError } from '../errors.ts'
import { type ExampleAnswers, groupByExample } from '../squad/answers/answers.ts'
import { bootstrapMean } from '../squad/metrics/bootstrap.ts'
import type { Example, TextSpan, Window } from '../squad/types.ts'
import { breakdown } from './breakdown.ts'
import { byConfidence, confidenceSummary, type FittedConfidences } from './confidence.ts'
import { dimensions, groupsOf } from './dimensions.ts'
import { errorClass, errorClasses, type GoldAnswer, sentenceStarts } from './error-class.ts'
import type { Analysis, AnalyzedContext, AnalyzedQuestion, ClassSummary } from './types.ts'

/** The results of an evaluation. `answers[i]` and `scores[i]` belong to `examples[i]`. */
export interface AnalysisInput {
  /** Names of the model and the data, for the titles. */
  readonly model: string
  readonly data: string
  readonly examples: readonly Example[]
  /** All windows of the examples. */
  readonly windows: readonly Window[]
  /** Answers with all candidates to show, for example from `answerExamples` with `top_k` 5. */
  readonly answers: readonly ExampleAnswers[]
  /** Scores of the best candidates by the metrics of SQuAD v1.1 or v2.0, in [0, 1]. */
  readonly scores: readonly { readonly exact_match: number; readonly f1: number }[]
  /** Mean loss over windows. */
  readonly loss?: number
  /** The threshold for the answer "", if the evaluation allowed it. */
  readonly null_score_diff_threshold?: number
  /** Fitted confidences of the best answers. */
  readonly calibrated?: FittedConfidences
}

/**
 * Classifies every question, and computes scores for groups of questions.
 * @throws SpanforgeError if there are no questions, or not exactly one answer and score for each
 */
export function analyze(input: AnalysisInput): Analysis {
  checkLengths(input)
  const contexts = new ContextTable()
  const windowsOf = groupByExample(input.windows, input.examples.length)
  const questions = input.examples.map((example, i): AnalyzedQuestion => {
    const windows = windowsOf[i].flatMap((window) => stretchOf(input.windows[window]))
    const answers = distinct(example.answers.map(({ text, answer_start }) => ({ text, start: answer_start })))
    const candidates = input.answers[i].candidates.map(({ start, end, score }) => ({
      start,
      end,
      score: digits(score),
    }))
    const { exact_match, f1 } = input.scores[i]
    const { index, sentences } = contexts.indexOf(example)
    const { context, question } = example
    const calibrated = input.calibrated?.confidences[i]
    return {
      id: example.id,
      context: index,
      question,
      answers,
      candidates,
      windows,
      exact_match,
      f1: digits(f1),
      confidence: candidates[0].score,
      ...(calibrated !== undefined && { calibrated_confidence: digits(calibrated) }),
      class: errorClass({
        context,
        sentences,
        answers: example.answers.map(({ text, answer_start }) => ({ text, start: answer_start })),
        windows,
        prediction: candidates[0],
        exact_match: exact_match === 1,
      }),
      groups: groupsOf({ question, context, answers, windows: windowsOf[i].length }),
    }
  })
  const percent = (key: 'exact_match' | 'f1') => bootstrapMean(input.scores.map((score) => 100 * score[key]))
  return {
    model: input.model,
    data: input.data,
    overall: {
      questions: questions.length,
      windows: input.windows.length,
      exact_match: percent('exact_match'),
      f1: percent('f1'),
      loss: input.loss,
      ...(input.null_score_diff_threshold !== undefined && {
        null_score_diff_threshold: input.null_score_diff_threshold,
      }),
    },
    classes: classSummaries(questions),
    breakdowns: dimensions.map((dimension) => breakdown(dimension, questions)),
    confidence: confidenceSummary(questions, input.calibrated),
    contexts: contexts.all,
    questions,
  }
}

/** Distinct contexts, each with its index and sentences. */
class ContextTable {
  readonly all: AnalyzedContext[] = []
  private readonly known = new Map<string, { index: number; sentences: number[] }>()

  indexOf({ title, context }: Example): { index: number; sentences: number[] } {
    const key = `${title ?? ''}\0${context}`
    let known = this.known.get(key)
    if (!known) {
      known = { index: this.all.length, sentences: sentenceStarts(context) }
      this.known.set(key, known)
      this.all.push({ title, text: context })
    }
    return known
  }
}

/** The part of the context in a window; none for a window without context tokens. */
function stretchOf({ offsets, context_start, context_end }: Window): TextSpan[] {
  if (context_start === context_end) return []
  return [{ start: offsets[2 * context_start], end: offsets[2 * context_end - 1] }]
}

const distinct = (answers: readonly GoldAnswer[]): GoldAnswer[] =>
  answers.filter(
    (answer, i) => answers.findIndex(({ text, start }) => text === answer.text && start === answer.start) === i,
  )

/** Rounds to six significant digits, which is enough for display and keeps the file small. */
const digits = (x: number): number => Number(x.toPrecision(6))

function classSummaries(questions: readonly AnalyzedQuestion[]): ClassSummary[] {
  const surest = byConfidence(questions)
  return errorClasses.map((name) => {
    const members = surest.filter((index) => questions[index].class === name)
    const f1 = members.reduce((sum, index) => sum + 100 * questions[index].f1, 0) / Math.max(1, members.length)
    return { class: name, count: members.length, f1, examples: members.slice(0, 3) }
  })
}

function checkLengths({ examples, answers, scores, calibrated }: AnalysisInput): void {
  if (examples.length === 0) throw new SpanforgeError('analysis: no questions, expected at least one')
  const lists = { answers, scores, ...(calibrated && { 'calibrated confidences': calibrated.confidences }) }
  for (const [name, list] of Object.entries(lists))
    if (list.length !== examples.length)
      throw new SpanforgeError(
        `analysis: ${list.length} ${name} for ${examples.length} questions, expected one for each`,
      )
}
