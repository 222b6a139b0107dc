import type { Pass } from '../../batching/passes.ts'
import type { DropoutSite } from '../../models/programs.ts'
import { streamOf } from '../../random/random.ts'
import { KeptBits } from './kept-bits.ts'

/** A dropout site with the sizes that its shape has in a pass. */
export interface SizedSite extends DropoutSite {
  readonly dims: readonly number[]
}

/**
 * Writes the mask of a dropout site of a pass into `out`, in the layout of the site's shape: 1 is kept, 0 is dropped.
 */
export interface DropoutMasks {
  (number: number, site: SizedSite, pass: Pass, out: Uint8Array): void
  /** The same masks for a device that holds the pool. Missing if they are not drawn from one. */
  readonly pooled?: PooledMasks
}

/** Masks that are read from a pool, by their places in it. */
export interface PooledMasks {
  /** Number of the pool. A new pool is drawn every few steps. */
  readonly round: number
  /** The first `size` values of the pool for a probability, starting over at its end: 1 is kept, 0 is dropped. */
  values(probability: number, size: number): Float32Array
  /**
   * Returns where the values of each row begin: [rows] for a site [rows, width], such as [tokens, width], or [rows,
   * length] for [rows, heads, length, length], whose heads are as far apart as the row has tokens.
   */
  starts(number: number, site: SizedSite, pass: Pass): Int32Array
}

/** The random draws of dropout, for a step and the number of a pass within it. */
export interface DropoutDraws {
  masks(step: number, pass: number): DropoutMasks
}

/** Number of bits of a pool, which take 2 MiB. A mask is a stretch of a pool from a random place. */
export const POOL = 2 ** 24
/** Number of steps that share a pool. */
const STEPS = 16
export const poolRound = (step: number): number => Math.floor(step / STEPS)
/** Stretches begin at multiples of this. */
export const ALIGNMENT = 16

/**
 * Pools of random bits, one for each probability. A new pool is drawn every few steps, because drawing each mask
 * separately would take too much time. A pool is a function of (seed, step / 16, probability).
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
