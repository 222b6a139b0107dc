import type { FlatParameters } from '../../models/flat-parameters.ts'
import type { FlatLoops } from './flat-loops.ts'

/**
 * The share of the new weights in the moving average after step `taken`, starting at 1. As in TensorFlow's
 * ExponentialMovingAverage with num_updates, the first steps weigh more, so that the untrained weights are soon forgotten.
 */
export const shareOfStep = (ema_decay: number, taken: number): number =>
  Math.fround(1 - Math.min(ema_decay, (1 + taken) / (10 + taken)))

/** An exponential moving average of the trained weights, which begins with the weights before the first step. */
export class WeightAverage {
  constructor(
    private readonly loops: Pick<FlatLoops, 'average'>,
    private readonly weights: FlatParameters,
    /** The average or, after an odd number of calls of `exchange`, the weights. */
    readonly values: FlatParameters,
    private readonly ema_decay: number,
  ) {
    values.data.set(weights.data)
  }

  /** Adds the weights after step `taken`. */
  async update(taken: number): Promise<void> {
    await this.loops.average(this.values.data, this.weights.data, shareOfStep(this.ema_decay, taken))
  }

  /** Exchanges the weights of the model and their average, to evaluate or save the average or to undo that. */
  exchange(): void {
    const [a, b] = [this.weights.data, this.values.data]
    for (let i = 0; i < a.length; i++) {
      const value = a[i]
      a[i] = b[i]
      b[i] = value
    }
  }
}
