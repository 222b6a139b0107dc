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
    private readonly loops: Pick<FlatLoops, 'adamw'>,
    private readonly arrays: AdamWArrays,
    readonly state: { readonly exp_avg: FlatParameters; readonly exp_avg_sq: FlatParameters },
    private readonly options: AdamWOptions & { readonly weight_decay: number },
    rateOf?: RateOf,
  ) {
    this.ranges = updateRanges(state.exp_avg.entries, options.weight_decay, rateOf)
  }

  step(learning_rate: number, clip: number): Promise<boolean> {
    this.taken++
    return this.loops.adamw(this.arrays, this.ranges, this.options, { step: this.taken, learning_rate, clip })
  }
}
