import type { Pass } from '../../batching/passes.ts'
import type { DropoutSite } from '../../models/programs.ts'
import { streamOf } from '../../random/random.ts'
import { KeptBits } from './kept-bits.ts'

/** A dropout site with the sizes that its shape has in a pass. */
export interface SizedSite extends DropoutSite {
  readonly dims: readonly number[]
}

/** Writes what a dropout site of a pass keeps into `out`, in the layout of the site's shape: 1 is kept, 0 is dropped. */
export interface DropoutMasks {
  (number: number, site: SizedSite, pass: Pass, out: Uint8Array): void
  /** The same masks for a device that holds the pool. Missing if they are not drawn from one. */
  readonly pooled?: PooledMasks
}

/** Masks as places in a pool. */
export interface PooledMasks {
  /** The number of the pool, which is drawn anew every few steps. */
  readonly round: number
  /** The first `size` values of the pool for a probability, starting over at its end: 1 is kept, 0 is dropped. */
  values(probability: number, size: number): Float32Array
  /**
   * Where the values of each row begin: [rows] for a site [rows, width], such as [tokens, width], or [rows, length] for
   * [rows, heads, length, length], whose heads are as far apart as the row has tokens.
   */
  starts(number: number, site: SizedSite, pass: Pass): Int32Array
}

/** The random draws of dropout, for a step and the number of a pass within it. */
export interface DropoutDraws {
  masks(step: number, pass: number): DropoutMasks
}

/** Bits of a pool, 2 MiB. Masks are stretches of it from random places. */
export const POOL = 2 ** 24
/** Steps that share a pool. */
const STEPS = 16
export const poolRound = (step: number): number => Math.floor(step / STEPS)
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
    const round = poolRound(step)
    const stream = streamOf(this.seed, 'dropout', round)
    const known = this.pools.get(probability)
    if (known?.round === round) return known.bits
    if (known) known.bits.restart(stream)
    const bits = known?.bits ?? new KeptBits(POOL, probability, stream)
    this.pools.set(probability, { bits, round })
    return bits
  }
}
