import { random, streamOf } from '../../random/random.ts'
import type { DropoutDraws, DropoutMasks } from './draws.ts'
import { ALIGNMENT, DropoutPool, POOL } from './draws.ts'
import { KeptBits } from './kept-bits.ts'

/** Number of bits that are expanded in one call. */
const PIECE = 65_536

/**
 * Dropout as in spanforge 0.1, which drew one mask for all windows of a pass: a function of the seed, the step, the
 * number of the pass and the site. Runs that began with 0.1 therefore end with the same bits. To be removed together
 * with the support of their checkpoints, in 0.3.
 */
export class PassDraws implements DropoutDraws {
  private readonly pool: DropoutPool

  constructor(private readonly seed: number) {
    this.pool = new DropoutPool(seed)
  }

  /** Masks must be requested in the order of the sites. */
  masks(step: number, pass: number): DropoutMasks {
    const { below } = random(this.seed, 'dropout place', step, pass)
    return (site, { probability }, _pass, out) => {
      const { length } = out
      const isLarge = length >= POOL
      const start = isLarge ? 0 : below(Math.floor((POOL - length) / ALIGNMENT) + 1) * ALIGNMENT
      const bits = isLarge
        ? new KeptBits(length, probability, streamOf(this.seed, 'dropout of a large pass', step, pass, site))
        : this.pool.bits(probability, step)
      for (let at = 0; at < length; at += PIECE)
        bits.expand(out, at, { start: start + at, rows: 1, step: 0, width: Math.min(PIECE, length - at) })
    }
  }
}
