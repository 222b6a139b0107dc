import type { Pass } from '../../batching/passes.ts'
import type { DropoutSite } from '../../models/programs.ts'
import { streamOf } from '../../random/random.ts'
import { KeptBits } from './kept-bits.ts'

/** A dropout site with the sizes that its shape has in a pass. */
export interface SizedSite extends DropoutSite {
  readonly dims: readonly number[]
}

/** Writes what a dropout site of a pass keeps into `out`, in the layout of the site's shape: 1 is kept, 0 is dropped. */
export type DropoutMasks = (number: number, site: SizedSite, pass: Pass, out: Uint8Array) => void

/** The random draws of dropout, for a step and the number of a pass within it. */
export interface DropoutDraws {
  masks(step: number, pass: number): DropoutMasks
}

/** Bits of a pool, 2 MiB. Masks are stretches of it from random places. */
export const POOL = 2 ** 24
/** Steps that share a pool. */
const STEPS = 16
/** Stretches begin at multiples of this. */
export const ALIGNMENT = 16

/**
 * Pools of random bits, one for each probability, which are drawn anew every few steps: drawing each mask by itself would
 * cost too much. A pool is a function of (seed, step / 16, probability).
 */
export class DropoutPool {
  private readonly pools = new Map<number, { readonly bits: KeptBits; round: number }>()

  constructor(private readonly seed: number) {}

  bits(probability: number, step: number): KeptBits {
    const round = Math.floor(step / STEPS)
    const stream = streamOf(this.seed, 'dropout', round)
    const known = this.pools.get(probability)
    if (known?.round === round) return known.bits
    if (known) known.bits.restart(stream)
    const bits = known?.bits ?? new KeptBits(POOL, probability, stream)
    this.pools.set(probability, { bits, round })
    return bits
  }
}
