import type { FlatParameters } from '../../models/flat-parameters.ts'
import { type AdamWOptions, type UpdateRange, updateRanges } from './adamw.ts'
import type { FlatLoops } from './flat-loops.ts'
import type { RateOf } from './layer-rates.ts'
import type { Optimizer } from './optimizer.ts'
import type { AdamWArrays } from './plain-kernels.ts'

/** AdamW for the parameters of a run. Weight decay applies to some of them, and learning rates may differ. */
export class AdamW implements Optimizer {
  taken = 0
  private readonly ranges: readonly UpdateRange[]

  constructor(
    private readonly loops: FlatLoops,
    private readonly arrays: AdamWArrays,
    readonly state: { readonly exp_avg: FlatParameters; readonly exp_avg_sq: FlatParameters },
    private readonly options: AdamWOptions & { readonly weight_decay: number },
    rateOf?: RateOf,
  ) {
    this.ranges = updateRanges(state.exp_avg.entries, options.weight_decay, rateOf)
  }

  async step(learning_rate: number, clip: number): Promise<boolean> {
    const { loops, arrays } = this
    // The moments are zero, but their memory is new. It is mapped faster when it is first written than when it is read,
    // above all by two threads.
    if (this.taken === 0) for (const moment of [arrays.exp_avg, arrays.exp_avg_sq]) await loops.clear(moment)
    this.taken++
    return loops.adamw(arrays, this.ranges, this.options, { step: this.taken, learning_rate, clip })
  }
}
