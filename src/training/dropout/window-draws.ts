import { random } from '../../random/random.ts'
import type { DropoutDraws, DropoutMasks } from './draws.ts'
import { ALIGNMENT, DropoutPool, POOL } from './draws.ts'
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
    return (site, { shape, dims, probability }, pass, out) => {
      const bits = this.pool.bits(probability, step)
      let end = 0
      for (const { place, rows, parts, width, at, partStep, rowStep } of windowSlots(shape, dims, pass)) {
        const { below } = random(this.seed, 'dropout of a window', step, place, site)
        const together = Math.max(1, Math.floor(POOL / (parts * width)))
        for (let row = 0; row < rows; row += together) {
          const start = below(POOL / ALIGNMENT) * ALIGNMENT
          const part = { rows: Math.min(together, rows - row), step: parts * width, width: rowStep }
          for (let p = 0; p < parts; p++)
            bits.expand(out, at + p * partStep + row * rowStep, { start: start + p * width, ...part })
        }
        end = at + parts * partStep
      }
      // The extra tokens of a padded pass, which nothing reads.
      out.fill(1, end)
    }
  }
}
