import { streamOf } from '../../random/random.ts'
import { KeptBits } from './kept-bits.ts'

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
