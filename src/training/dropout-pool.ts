import { random } from '../random/random.ts'
import { fillDropoutMask } from './dropout-mask.ts'

/** Elements of a pool: 64 MiB. Masks are stretches of it from random places. */
const POOL = 2 ** 24
/** Steps that share a pool. */
const STEPS = 16
/** Stretches begin at cache lines. */
const ALIGNMENT = 16

/**
 * Dropout masks, drawn from a pool that is made anew every few steps: making each mask by itself would cost more than
 * applying it. All is a function of the seed, the step and the pass, so a resumed run draws what it would have drawn.
 */
export class DropoutPool {
  private readonly pools = new Map<number, { round: number; data: Float32Array }>()

  constructor(private readonly seed: number) {}

  /** The masks of one pass, to be asked for in the order of the sites. */
  masks(step: number, pass: number): (site: number, probability: number, length: number) => Float32Array {
    const draws = random(this.seed, 'dropout place', step, pass)
    return (site, probability, length) => {
      if (length >= POOL) return this.ownMask(probability, length, step, pass, site)
      const start = draws.below(Math.floor((POOL - length) / ALIGNMENT) + 1) * ALIGNMENT
      return this.pool(probability, Math.floor(step / STEPS)).subarray(start, start + length)
    }
  }

  private pool(probability: number, round: number): Float32Array {
    const pool = this.pools.get(probability) ?? { round: -1, data: new Float32Array(POOL) }
    this.pools.set(probability, pool)
    if (pool.round !== round) fillDropoutMask(pool.data, probability, this.seed, 'dropout', round)
    pool.round = round
    return pool.data
  }

  private ownMask(probability: number, length: number, ...place: number[]): Float32Array {
    const mask = new Float32Array(length)
    fillDropoutMask(mask, probability, this.seed, 'dropout of a large pass', ...place)
    return mask
  }
}
