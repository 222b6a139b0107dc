/**
 * What `analyse` finds, as one JSON document. Scores of questions lie in [0, 1], those of groups in per cent; places are
 * UTF-16 indices into a context; "index" means a place in `questions`.
 */
import type { BootstrapMean } from '../squad/metrics/bootstrap.ts'
import type { ReliabilityBin } from '../squad/metrics/calibration.ts'
import type { Dimension } from './dimensions.ts'
import type { ErrorClass } from './error-class.ts'
import type { GoldAnswer, TextSpan } from './gold-answer.ts'

export interface Analysis {
  /** What was evaluated on what, for titles. */
  readonly model: string
  readonly data: string
  readonly overall: Overall
  readonly classes: readonly ClassSummary[]
  readonly breakdowns: readonly Breakdown[]
  readonly confidence: ConfidenceSummary
  /** Each once, in the order of its first question. */
  readonly contexts: readonly AnalysedContext[]
  /** In the order of the data. */
  readonly questions: readonly AnalysedQuestion[]
}

export interface Overall {
  readonly questions: number
  readonly windows: number
  /** With a 95 % bootstrap interval. */
  readonly exact_match: BootstrapMean
  readonly f1: BootstrapMean
  /** Mean over windows, if it was given. */
  readonly loss?: number
  /** Of data with unanswerable questions: "" is given where null score - best score lies above it. */
  readonly null_score_diff_threshold?: number
}

export interface ClassSummary {
  readonly class: ErrorClass
  readonly count: number
  /** Mean F1 of its questions, in per cent; 0 if there are none. */
  readonly f1: number
  /** Indices of up to three of its questions, the most confident first. */
  readonly examples: readonly number[]
}

/** The questions sorted into groups by one property. */
export interface Breakdown {
  readonly dimension: Dimension
  /** Only groups with questions: lengths and places ascending, kinds by count with the catch-all last. */
  readonly groups: readonly QuestionGroup[]
}

export interface QuestionGroup {
  readonly label: string
  readonly count: number
  readonly exact_match: GroupScore
  readonly f1: GroupScore
  /** Fewer than 20 questions: too few for an interval, and for conclusions. */
  readonly uncertain: boolean
}

/** The interval (95 %, bootstrap) is left out where the group is uncertain. */
export interface GroupScore {
  readonly mean: number
  readonly low?: number
  readonly high?: number
}

export interface ConfidenceSummary {
  /** Of the probabilities as the model gives them. */
  readonly raw: Reliability
  /** Of the fitted confidences; `cross_validated` if each question was judged by coefficients fitted on others. */
  readonly calibrated?: Reliability & { readonly cross_validated: boolean }
  /** If only the most confident answers are given: at most 200 points, coverage ascending to 1. */
  readonly risk_coverage: readonly RiskPoint[]
  /** Mean risk over all coverages; the smaller the better the confidence sorts right from wrong. */
  readonly area_under_risk_coverage: number
  /** Indices of wrong answers, the most confident first; at most 20. */
  readonly most_confident_mistakes: readonly number[]
}

export interface Reliability {
  /** Ten of equal width, without the empty ones. */
  readonly bins: readonly ReliabilityBin[]
  readonly expected_calibration_error: number
}

/** Both in [0, 1]: the share of questions answered, and the share of those answers that are no exact match. */
export interface RiskPoint {
  readonly coverage: number
  readonly risk: number
  /** The least confidence among the answers given. */
  readonly confidence: number
}

export interface AnalysedContext {
  readonly title?: string
  readonly text: string
}

export interface AnalysedQuestion {
  readonly id: string
  /** Place in `contexts`. */
  readonly context: number
  readonly question: string
  /** What people answered, each text once per place; none where the context holds no answer. */
  readonly answers: readonly GoldAnswer[]
  /** Best first, the first is the prediction; `start` = `end` is the answer "". */
  readonly candidates: readonly Candidate[]
  /** Start and end of the text that each window holds. */
  readonly windows: readonly TextSpan[]
  readonly exact_match: number
  readonly f1: number
  /** Probability of the prediction among all spans, as the model gives it. */
  readonly confidence: number
  /** The fitted probability that the prediction is right. */
  readonly calibrated_confidence?: number
  readonly class: ErrorClass
  /** By dimension the label of its group. */
  readonly groups: Readonly<Record<Dimension, string>>
}

export interface Candidate extends TextSpan {
  /** Probability among all spans. */
  readonly score: number
}
