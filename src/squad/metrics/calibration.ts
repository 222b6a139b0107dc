/** Calibration: whether answers with a confidence of 80 % are right in 80 % of the cases (Guo et al. 2017). */
import { UsageError } from '../../errors.ts'

/** An answer with the model's confidence in it, and whether it was right. */
export interface JudgedAnswer {
  /** Confidence as a probability in [0, 1]. */
  readonly confidence: number
  readonly correct: boolean
}

export interface ReliabilityBin {
  /** Lower bound of the bin's confidences. */
  readonly low: number
  readonly high: number
  readonly count: number
  /** Mean confidence of the bin's answers; NaN for an empty bin. */
  readonly confidence: number
  readonly accuracy: number
}

/** Groups answers into bins of equal width from 0 to 1, as in a reliability diagram. */
export function reliabilityBins(answers: readonly JudgedAnswer[], bins = 10): ReliabilityBin[] {
  checkAnswers(answers)
  if (!(bins >= 1)) throw new UsageError(`calibration: bins is ${bins}, expected at least 1`)
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

/** Mean distance between confidence and accuracy over the bins, weighted by the number of answers. */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const filled = bins.filter(({ count }) => count > 0)
  const total = filled.reduce((sum, { count }) => sum + count, 0)
  return (
    filled.reduce((sum, { count, confidence, accuracy }) => sum + count * Math.abs(confidence - accuracy), 0) / total
  )
}

function checkAnswers(answers: readonly JudgedAnswer[]): void {
  if (answers.length === 0) throw new UsageError('calibration: no answers, expected at least one')
}
