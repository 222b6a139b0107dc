/** Does a confidence of 80 % mean right in 80 % of the cases? Guo et al. 2017, "On Calibration of Modern Neural Networks". */
import { UsageError } from '../errors.ts'

/** An answer with the model's confidence in it, and whether it was right. */
export interface JudgedAnswer {
  /** A probability. */
  readonly confidence: number
  readonly correct: boolean
}

export interface FittedTemperature {
  /** Between 0.05 and 20; 1 where the answers are all right or all wrong, which says nothing of a confidence. */
  readonly temperature: number
  /** Mean negative log likelihood of right and wrong at that temperature, and at 1. */
  readonly nll: number
  readonly nll_uncalibrated: number
}

export interface ReliabilityBin {
  /** Confidences from `low` up to `high`. */
  readonly low: number
  readonly high: number
  readonly count: number
  /** Means over the bin's answers; NaN in an empty bin. */
  readonly confidence: number
  readonly accuracy: number
}

/**
 * The temperature at which the confidences tell right from wrong best: the least negative log likelihood. `answersAt`
 * gives the validation answers with the confidences they have at a temperature (`findAnswers` with that option), and
 * is called about 40 times.
 */
export function fitTemperature(answersAt: (temperature: number) => readonly JudgedAnswer[]): FittedTemperature {
  if (new Set(answersAt(1).map(({ correct }) => correct)).size === 1) {
    const nll = meanNll(answersAt(1))
    return { temperature: 1, nll, nll_uncalibrated: nll }
  }
  const nllAt = (logTemperature: number) => meanNll(answersAt(Math.exp(logTemperature)))
  // First a coarse look, since the curve may have more than one dip; then ever closer around the best place.
  const step = Math.log(400) / 16
  const places = Array.from({ length: 17 }, (_, i) => Math.log(0.05) + i * step)
  const nlls = places.map(nllAt)
  const best = nlls.indexOf(Math.min(...nlls))
  const edge = (place: number) => Math.min(Math.max(place, places[0]), places[16])
  const place = goldenSection(nllAt, edge(places[best] - step), edge(places[best] + step))
  return { temperature: Math.exp(place), nll: nllAt(place), nll_uncalibrated: nllAt(0) }
}

/** Of equal width from 0 to 1, as a reliability plot shows them. */
export function reliabilityBins(answers: readonly JudgedAnswer[], bins = 10): ReliabilityBin[] {
  checkAnswers(answers)
  if (!(bins >= 1)) throw new UsageError(`calibration: bins is ${bins}, expected 1 or more`)
  return Array.from({ length: bins }, (_, bin) => {
    const inside = answers.filter(({ confidence }) => Math.min(Math.floor(confidence * bins), bins - 1) === bin)
    const count = inside.length
    return {
      low: bin / bins,
      high: (bin + 1) / bins,
      count,
      confidence: inside.reduce((sum, { confidence }) => sum + confidence, 0) / count,
      accuracy: inside.filter(({ correct }) => correct).length / count,
    }
  })
}

/** Mean distance between confidence and accuracy over the bins, each weighing as many answers as it holds. */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const filled = bins.filter(({ count }) => count > 0)
  const total = filled.reduce((sum, { count }) => sum + count, 0)
  return (
    filled.reduce((sum, { count, confidence, accuracy }) => sum + count * Math.abs(confidence - accuracy), 0) / total
  )
}

function meanNll(answers: readonly JudgedAnswer[]): number {
  checkAnswers(answers)
  // A wrong answer of confidence 1 must not make everything else irrelevant.
  const nll = (probability: number) => -Math.log(Math.max(probability, 1e-12))
  return (
    answers.reduce((sum, { confidence, correct }) => sum + nll(correct ? confidence : 1 - confidence), 0) /
    answers.length
  )
}

/** The place of a minimum between two places, to 1e-4 of their distance. */
function goldenSection(f: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  const precision = 1e-4 * (high - low)
  let left = high - ratio * (high - low)
  let right = low + ratio * (high - low)
  let [fLeft, fRight] = [f(left), f(right)]
  while (high - low > precision) {
    if (fLeft <= fRight) {
      ;[high, right, fRight] = [right, left, fLeft]
      left = high - ratio * (high - low)
      fLeft = f(left)
    } else {
      ;[low, left, fLeft] = [left, right, fRight]
      right = low + ratio * (high - low)
      fRight = f(right)
    }
  }
  return (low + high) / 2
}

function checkAnswers(answers: readonly JudgedAnswer[]): void {
  if (answers.length === 0) throw new UsageError('calibration: there are no answers, expected at least one')
}
