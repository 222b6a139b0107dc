/**
 * The confidence of an answer: the probability that it is right, word for word, as exact match counts. It is a logistic
 * function of what the model says about the answer, and its coefficients are fitted on questions with known answers, in
 * short and long texts. It falls with the length of the text only as far as answers are less often right there.
 */
import { UsageError } from '../../errors.ts'
import { fitLogistic, logistic, type Observation, predictLogistic } from './logistic-regression.ts'

/** What the confidence of an answer depends on. */
export interface AnswerEvidence {
  /**
   * The answer's logit less that of the best answer at another place, in whichever document. Overlapping wordings of one
   * answer are one place. Where there is no other place, it equals `presence`.
   */
  readonly lead: number
  /** The answer's logit less that of "no answer" ([CLS]) in the window that reads it best. */
  readonly presence: number
  /** Logarithm of the answer's length in tokens. */
  readonly length: number
  /** Logarithm of the number of windows that were searched, which counts up to MOST_WINDOWS. */
  readonly windows: number
}

/** About as many as the longest texts of a fit have: what holds beyond them was not measured. */
export const MOST_WINDOWS = 10

/** Coefficients for the confidence of a text answer. */
export interface AnswerCoefficients {
  readonly intercept: number
  readonly lead: number
  /** For sigmoid(lead), the answer's share of the probability that it and the answer at the other place have together. */
  readonly share: number
  readonly presence: number
  readonly length: number
  readonly windows: number
}

/** Coefficients for the probability that the text does not answer the question; `odds` multiplies the null odds. */
export interface NoAnswerCoefficients {
  readonly intercept: number
  readonly odds: number
}

/** What turns evidence into probabilities. */
export interface ConfidenceModel {
  readonly answer: AnswerCoefficients
  /** Only for models that were fitted on questions with and without an answer. */
  readonly no_answer?: NoAnswerCoefficients
}

/** Fewer questions say too little about how often a model is right: neither confidence nor threshold is fitted. */
export const LEAST_QUESTIONS = 200

/** The probability that an answer with this evidence is right. */
export const answerConfidence = ({ answer }: ConfidenceModel, evidence: AnswerEvidence): number =>
  predictLogistic(
    { intercept: answer.intercept, coefficients: FEATURES.map((feature) => answer[feature]) },
    featuresOf(evidence),
  )

/** The probability that there is no answer, where the model can tell. */
export const noAnswerConfidence = ({ no_answer }: ConfidenceModel, null_odds: number): number | null =>
  no_answer ? predictLogistic({ intercept: no_answer.intercept, coefficients: [no_answer.odds] }, [null_odds]) : null

/** A question whose answer is known, as one text was searched for it. */
export interface JudgedQuestion {
  /** Of the best answer at each place, best first. */
  readonly answers: readonly { readonly evidence: AnswerEvidence; readonly correct: boolean }[]
  readonly null_odds: number
  readonly has_answer: boolean
  /** How much it counts; 1 by default. */
  readonly weight?: number
}

/** With `handle_impossible_answer`, also the probability that there is no answer. */
export function fitConfidence(
  questions: readonly JudgedQuestion[],
  { handle_impossible_answer = false }: { readonly handle_impossible_answer?: boolean } = {},
): ConfidenceModel {
  const observations = questions.flatMap(({ answers, weight }) =>
    answers.map(
      ({ evidence, correct }): Observation => ({ features: featuresOf(evidence), happened: correct, weight }),
    ),
  )
  if (observations.length === 0) throw new UsageError('confidence: there are no answers to fit it on')
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

/** In the order of the coefficients that are fitted. */
const FEATURES = ['lead', 'share', 'presence', 'length', 'windows'] as const

/** A wider lead never makes an answer less likely to be right: `lead`, `share` and `presence`. */
const INCREASING = [0, 1, 2]

/**
 * The observations come in groups, the places of one question in a short and in a long text, which are alike: they say
 * less than as many independent ones, which a ridge of 1 would suit.
 */
const RIDGE = 5

const featuresOf = ({ lead, presence, length, windows }: AnswerEvidence): readonly number[] => [
  lead,
  logistic(lead),
  presence,
  length,
  windows,
]
