/**
 * The result of `analyze`, as a JSON document. Scores of questions are in [0, 1], scores of groups are percentages.
 * Positions are UTF-16 indices into a context, and question indices refer to `questions`.
 */
import type { BootstrapMean } from '../squad/metrics/bootstrap.ts'
import type { ReliabilityBin } from '../squad/metrics/calibration.ts'
import type { TextSpan } from '../squad/types.ts'
import type { Dimension } from './dimensions.ts'
import type { ErrorClass, GoldAnswer } from './error-class.ts'

export interface Analysis {
  /** Names of the model and the data, for titles. */
  readonly model: string
  readonly data: string
  readonly overall: Overall
  readonly classes: readonly ClassSummary[]
  readonly breakdowns: readonly Breakdown[]
  readonly confidence: ConfidenceSummary
  /** Distinct contexts, in the order of their first questions. */
  readonly contexts: readonly AnalyzedContext[]
  /** All questions, in the order of the data. */
  readonly questions: readonly AnalyzedQuestion[]
}

export interface Overall {
  readonly questions: number
  readonly windows: number
  /** Mean exact match with a 95 % bootstrap interval. */
  readonly exact_match: BootstrapMean
  readonly f1: BootstrapMean
  /** Mean loss over windows, if known. */
  readonly loss?: number
  /** For data with unanswerable questions: the model answers "" if null score - best score is above this threshold. */
  readonly null_score_diff_threshold?: number
}

export interface ClassSummary {
  readonly class: ErrorClass
  readonly count: number
  /** Mean F1 of its questions in percent; 0 if there are none. */
  readonly f1: number
  /** Indices of up to three of its questions, the most confident first. */
  readonly examples: readonly number[]
}

/** The questions grouped by one dimension. */
export interface Breakdown {
  readonly dimension: Dimension
  /** Non-empty groups. Lengths and positions are ascending; kinds are sorted by count with the catch-all last. */
  readonly groups: readonly QuestionGroup[]
}

export interface QuestionGroup {
  readonly label: string
  readonly count: number
  readonly exact_match: GroupScore
  readonly f1: GroupScore
  /** Whether the group has fewer than 20 questions, which is too few for an interval and for conclusions. */
  readonly uncertain: boolean
}

/** A mean score of a group with its 95 % bootstrap interval, which is omitted for an uncertain group. */
export interface GroupScore {
  readonly mean: number
  readonly low?: number
  readonly high?: number
}

export interface ConfidenceSummary {
  /** Reliability of the model's raw probabilities. */
  readonly raw: Reliability
  /** Reliability of the fitted confidences. `cross_validated` means that each question was left out of its own fit. */
  readonly calibrated?: Reliability & { readonly cross_validated: boolean }
  /** The risk if only the most confident answers are given: at most 200 points, with coverage ascending to 1. */
  readonly risk_coverage: readonly RiskPoint[]
  /** Mean risk over all coverages. The smaller it is, the better the confidence separates right from wrong answers. */
  readonly area_under_risk_coverage: number
  /** Indices of at most 20 wrong answers, the most confident first. */
  readonly most_confident_mistakes: readonly number[]
}

export interface Reliability {
  /** Ten bins of equal width, without the empty ones. */
  readonly bins: readonly ReliabilityBin[]
  readonly expected_calibration_error: number
}

/** A point of the risk-coverage curve: the share of questions answered, and the share of wrong answers among those. */
export interface RiskPoint {
  readonly coverage: number
  readonly risk: number
  /** Lowest confidence among the given answers. */
  readonly confidence: number
}

export interface AnalyzedContext {
  readonly title?: string
  readonly text: string
}

export interface AnalyzedQuestion {
  readonly id: string
  /** Index in `contexts`. */
  readonly context: number
  readonly question: string
  /** Labeled answers without duplicates; empty if the question is unanswerable. */
  readonly answers: readonly GoldAnswer[]
  /** Candidate answers, best first. The first is the prediction; `start` = `end` means the answer "". */
  readonly candidates: readonly Candidate[]
  /** The part of the context in each window. */
  readonly windows: readonly TextSpan[]
  readonly exact_match: number
  readonly f1: number
  /** The model's raw probability of the prediction among all spans. */
  readonly confidence: number
  /** The fitted probability that the prediction is right. */
  readonly calibrated_confidence?: number
  readonly class: ErrorClass
  /** The label of its group in each dimension. */
  readonly groups: Readonly<Record<Dimension, string>>
}

export interface Candidate extends TextSpan {
  /** Raw probability among all spans. */
  readonly score: number
}
