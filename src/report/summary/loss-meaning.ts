/** An interpretation of the loss, which is the mean of the start and end cross-entropies over windows, in nats. */
export interface Meaning {
  /** e^-loss: the geometric mean of the probabilities that the model gives to the correct positions. */
  readonly probability: number
  /** ln L: the loss of a model that assigns the same probability to each of L positions. */
  readonly randomLoss: number
  /** 1/L: the probability of a correct position by chance. */
  readonly randomProbability: number
  /** Ratio of the probability of a correct position to that of chance. */
  readonly timesBetterThanChance: number
}

export function meaning(loss: number, positions: number): Meaning {
  const probability = Math.exp(-loss)
  return {
    probability,
    randomLoss: Math.log(positions),
    randomProbability: 1 / positions,
    timesBetterThanChance: probability * positions,
  }
}

/** A rule of thumb: a range of validation losses, above `above` and up to `upTo`, and the exact match to expect. */
export interface LossClass {
  readonly name: 'Excellent' | 'Very Good' | 'Good' | 'Fair' | 'Poor'
  readonly above: number
  readonly upTo: number
  /** Range of expected exact match in percent. */
  readonly exactMatch: readonly [from: number, to: number]
}

export const lossClasses: readonly LossClass[] = [
  { name: 'Excellent', above: Number.NEGATIVE_INFINITY, upTo: 1, exactMatch: [70, 100] },
  { name: 'Very Good', above: 1, upTo: 1.5, exactMatch: [60, 70] },
  { name: 'Good', above: 1.5, upTo: 2, exactMatch: [45, 60] },
  { name: 'Fair', above: 2, upTo: 3, exactMatch: [30, 45] },
  { name: 'Poor', above: 3, upTo: Number.POSITIVE_INFINITY, exactMatch: [0, 30] },
]

/** The class of a loss; undefined for NaN. */
export const lossClass = (loss: number): LossClass | undefined =>
  lossClasses.find(({ above, upTo }) => loss > above && loss <= upTo)

/** Number of points by which the measured exact match is outside the range of a class; negative if below it. */
export function missOf({ exactMatch: [from, to] }: LossClass, measured: number): number {
  return measured < from ? measured - from : measured > to ? measured - to : 0
}
