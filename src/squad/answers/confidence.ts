/**
 * The confidence of an answer: the probability that it is an exact match. It is a logistic function of the evidence
 * from the model, with coefficients fitted on questions with known answers, in short and long texts. It decreases with
 * the length of the text only to the extent that answers are less often right there.
 */
import { UsageError } from '../../errors.ts'
import { fitLogistic, logistic, type Observation, predictLogistic } from './logistic-regression.ts'

/** The features that determine the confidence of an answer. */
export interface AnswerEvidence {
  /**
   * The answer's logit minus that of the best answer elsewhere, in any document. Overlapping variants of an answer do
   * not count as elsewhere. Equals `presence` if there is no other answer.
   */
  readonly lead: number
  /** The answer's logit minus that of "no answer" ([CLS]) in the window with the answer's best score. */
  readonly presence: number
  /** Logarithm of the answer's length in tokens. */
  readonly length: number
  /** Logarithm of the number of searched windows, limited to MAX_WINDOWS. */
  readonly windows: number
}

/** Upper limit of the `windows` feature, about the number of windows of the longest texts used for fitting. */
export const MAX_WINDOWS = 10

/** Coefficients for the confidence of a text answer. */
export interface AnswerCoefficients {
  readonly intercept: number
  readonly lead: number
  /** Coefficient of sigmoid(lead), the answer's share of the probability of itself and the best answer elsewhere. */
  readonly share: number
  readonly presence: number
  readonly length: number
  readonly windows: number
}

/** Coefficients for the probability that there is no answer. `odds` is the coefficient of the null odds. */
export interface NoAnswerCoefficients {
  readonly intercept: number
  readonly odds: number
}

/** A fitted model that turns evidence into probabilities. */
export interface ConfidenceModel {
  readonly answer: AnswerCoefficients
  /** Present if the model was fitted on questions with and without answers. */
  readonly no_answer?: NoAnswerCoefficients
}

/** Minimum number of questions for fitting a confidence or a threshold. */
export const MIN_QUESTIONS = 200

/** The probability that an answer with this evidence is right. */
export const answerConfidence = ({ answer }: ConfidenceModel, evidence: AnswerEvidence): number =>
  predictLogistic(
    { intercept: answer.intercept, coefficients: FEATURES.map((feature) => answer[feature]) },
    featuresOf(evidence),
  )

/** The probability that there is no answer; null if the model was not fitted for that. */
export const noAnswerConfidence = ({ no_answer }: ConfidenceModel, null_odds: number): number | null =>
  no_answer ? predictLogistic({ intercept: no_answer.intercept, coefficients: [no_answer.odds] }, [null_odds]) : null

/** A question with known answers, and the answers found in one text. */
export interface JudgedQuestion {
  /** The best answer at each position, best first. */
  readonly answers: readonly { readonly evidence: AnswerEvidence; readonly correct: boolean }[]
  readonly null_odds: number
  readonly has_answer: boolean
  /** Weight of the question (default: 1). */
  readonly weight?: number
}

/** Fits a confidence model; with `handle_impossible_answer`, also for the probability that there is no answer. */
export function fitConfidence(
  questions: readonly JudgedQuestion[],
  { handle_impossible_answer = false }: { readonly handle_impossible_answer?: boolean } = {},
): ConfidenceModel {
  const observations = questions.flatMap(({ answers, weight }) =>
    answers.map(
      ({ evidence, correct }): Observation => ({ features: featuresOf(evidence), happened: correct, weight }),
    ),
  )
  if (observations.length === 0) throw new UsageError('confidence: no answers to fit the model on')
  const { intercept, coefficients } = fitLogistic(observations, { increasing: INCREASING, ridge: RIDGE })
  const [lead, share, presence, length, windows] = coefficients
  return {
    answer: { intercept, lead, share, presence, length, windows },
    ...(handle_impossible_answer && { no_answer: fitNoAnswer(questions) }),
  }
}

function fitNoAnswer(questions: readonly JudgedQuestion[]): NoAnswerCoefficients {
  const observations = questions.map(
    ({ null_odds, has_answer, weight }): Observation => ({ features: [null_odds], happened: !has_answer, weight }),
  )
  const { intercept, coefficients } = fitLogistic(observations, { increasing: [0] })
  return { intercept, odds: coefficients[0] }
}

/** Features in the order of the fitted coefficients. */
const FEATURES = ['lead', 'share', 'presence', 'length', 'windows'] as const

/** Features that must not decrease the confidence: `lead`, `share` and `presence`. */
const INCREASING = [0, 1, 2]

/**
 * Observations of the same question are correlated, so they contain less information than independent ones, for which a
 * ridge of 1 would be appropriate.
 */
const RIDGE = 5

const featuresOf = ({ lead, presence, length, windows }: AnswerEvidence): readonly number[] => [
  lead,
  logistic(lead),
  presence,
  length,
  windows,
]
