import type { Pass } from '../../batching/passes.ts'
import { random } from '../../random/random.ts'
import type { DropoutDraws, DropoutMasks, SizedSite } from './draws.ts'
import { ALIGNMENT, DropoutPool, POOL, poolRound } from './draws.ts'
import { windowSlots } from './window-slots.ts'

/**
 * Dropout drawn for each window by itself. What is dropped of a window's values at a site is a function of
 *
 *     (seed, optimizer step, the window's place in the global batch of that step, site, number of the window's tokens)
 *
 * and of nothing else: neither of the passes that the batch is cut into, nor of the windows beside it, the padding, the
 * engine or the process that computes the window. So a process that computes some windows of a step can draw their masks without the others.
 *
 * The values of a window at a site have a row for each token: `width` values, or `heads` times as many attention weights as
 * the window has tokens. Their draws are the bits of a pool, one after the other in that order, from a random place on. The
 * pool is a function of (seed, step / 16, probability), so a device can hold its 2 MiB and read masks from it by the place
 * alone. A window with more values than the pool has bits takes a new place wherever the pool is used up.
 */
export class WindowDraws implements DropoutDraws {
  private readonly pool: DropoutPool

  constructor(private readonly seed: number) {
    this.pool = new DropoutPool(seed)
  }

  masks(step: number): DropoutMasks {
    const write: DropoutMasks = (number, site, pass, out) => {
      const bits = this.pool.bits(site.probability, step)
      let end = 0
      for (const { slot, row, rows, start } of this.stretches(step, number, site, pass)) {
        const { parts, width, at, partStep, rowStep } = slot
        const part = { rows, step: parts * width, width: rowStep }
        for (let p = 0; p < parts; p++)
          bits.expand(out, at + p * partStep + row * rowStep, { start: start + p * width, ...part })
        end = at + parts * partStep
      }
      // The extra tokens of a padded pass, which nothing reads.
      out.fill(1, end)
    }
    const values = (probability: number, size: number) => this.pool.bits(probability, step).values(size)
    const starts = (number: number, site: SizedSite, pass: Pass) => this.starts(step, number, site, pass)
    return Object.assign(write, { pooled: { round: poolRound(step), values, starts } })
  }

  private starts(step: number, number: number, site: SizedSite, pass: Pass): Int32Array {
    const { dims } = site
    const starts = new Int32Array(dims.length === 2 ? dims[0] : dims[0] * dims[2])
    for (const { slot, row, rows, start } of this.stretches(step, number, site, pass)) {
      const { parts, width, at, rowStep } = slot
      const first = at / (parts * rowStep) + row
      for (let i = 0; i < rows; i++) starts[first + i] = (start + i * parts * width) % POOL
    }
    return starts
  }

  /** The stretches of the pool for the windows of a pass: each for some rows of a window, one after the other. */
  private *stretches(step: number, number: number, { shape, dims }: SizedSite, pass: Pass) {
    for (const slot of windowSlots(shape, dims, pass)) {
      const { place, rows, parts, width } = slot
      const { below } = random(this.seed, 'dropout of a window', step, place, number)
      const together = Math.max(1, Math.floor(POOL / (parts * width)))
      for (let row = 0; row < rows; row += together)
        yield { slot, row, rows: Math.min(together, rows - row), start: below(POOL / ALIGNMENT) * ALIGNMENT }
    }
  }
}
