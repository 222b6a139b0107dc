import { random } from '../../random/random.ts'
import type { DropoutMask } from '../loop/gradient-source.ts'
import { CHUNK, dropoutMask, fillDropoutMask } from './dropout-mask.ts'

/** Elements of a pool: 64 MiB, drawn where they are needed. Masks are stretches of it from random places. */
const POOL = 2 ** 24
/** Steps that share a pool. */
const STEPS = 16
/** Stretches begin at cache lines. */
const ALIGNMENT = 16

interface Pool {
  readonly data: Float32Array
  /** Which STEPS of the run it holds the numbers of. */
  readonly round: number
  /** 1 for each chunk that has been drawn in this round. */
  readonly drawn: Uint8Array
  readonly fill: (chunk: number) => void
}

/**
 * Dropout masks, drawn from a pool that is made anew every few steps: making each mask by itself would cost more than
 * applying it. All is a function of the seed, the step and the pass, so a resumed run draws what it would have drawn.
 */
export class DropoutPool {
  private readonly pools = new Map<number, Pool>()

  constructor(private readonly seed: number) {}

  /** The masks of one pass, to be asked for in the order of the sites. */
  masks(step: number, pass: number): DropoutMask {
    const draws = random(this.seed, 'dropout place', step, pass)
    return (site, probability, length) => {
      if (length >= POOL) return this.ownMask(probability, length, step, pass, site)
      const start = draws.below(Math.floor((POOL - length) / ALIGNMENT) + 1) * ALIGNMENT
      return this.stretch(this.pool(probability, Math.floor(step / STEPS)), start, start + length)
    }
  }

  private stretch({ data, drawn, fill }: Pool, start: number, end: number): Float32Array {
    for (let chunk = Math.floor(start / CHUNK); chunk * CHUNK < end; chunk++) {
      if (!drawn[chunk]) fill(chunk)
      drawn[chunk] = 1
    }
    return data.subarray(start, end)
  }

  private pool(probability: number, round: number): Pool {
    const known = this.pools.get(probability)
    if (known?.round === round) return known
    const data = known?.data ?? new Float32Array(POOL)
    const fill = dropoutMask(data, probability, this.seed, 'dropout', round)
    const pool = { data, round, drawn: new Uint8Array(POOL / CHUNK), fill }
    this.pools.set(probability, pool)
    return pool
  }

  private ownMask(probability: number, length: number, ...place: number[]): Float32Array {
    const mask = new Float32Array(length)
    fillDropoutMask(mask, probability, this.seed, 'dropout of a large pass', ...place)
    return mask
  }
}
