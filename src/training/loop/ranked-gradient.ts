import type { Pass, Share } from '../../batching/passes.ts'
import { gatherNumbers, type Ranks, type ReduceDtype } from '../../ranks/ranks.ts'
import type { DropoutMasks } from '../dropout/draws.ts'
import type { GradientFactory, GradientSource } from './gradient-source.ts'

/**
 * A gradient to which every rank of a run adds those of its windows, so that all ranks have the gradient of the whole
 * batch.
 */
class RankedGradient implements GradientSource {
  readonly share: Share

  constructor(
    private readonly own: GradientSource,
    private readonly gradients: Float32Array,
    private readonly ranks: Ranks,
    private readonly dtype: ReduceDtype,
  ) {
    this.share = ranks
  }

  get lanes(): number | undefined {
    return this.own.lanes
  }

  async reset(loss_scale?: number): Promise<void> {
    await this.own.reset(loss_scale)
  }

  add(pass: Pass, masks: DropoutMasks, lane?: number): Promise<number> {
    return this.own.add(pass, masks, lane)
  }

  async join(loss: number): Promise<number> {
    const own = (await this.own.join?.(loss)) ?? loss
    await this.ranks.sum(this.gradients, this.dtype)
    // Added up in the order of the ranks, so that all ranks have the same bits.
    return (await gatherNumbers(this.ranks, own)).reduce((sum, one) => sum + one, 0)
  }

  release(): Promise<void> {
    return this.own.release()
  }
}

/** A factory of gradients that are added up over the ranks of a run. */
export const rankedGradients =
  (ranks: Ranks, ownOf: GradientFactory, dtype: ReduceDtype): GradientFactory =>
  async (model, gradients, ...more) =>
    new RankedGradient(await ownOf(model, gradients, ...more), gradients, ranks, dtype)
