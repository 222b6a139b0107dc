import type { Shape } from '../graph/shape.ts'
import { input, type Tensor } from '../graph/tensor.ts'
import { dropout, dropoutAdd, dropoutMask } from '../ops/dropout.ts'

/** A place where values are dropped: an input of the graph, of uint8, that is 0 with `probability` and 1 otherwise. */
export interface DropoutSite {
  readonly name: string
  readonly shape: Shape
  readonly probability: number
}

/** Creates the mask for values of the given shape, or returns undefined if nothing is dropped. */
type Masks = (shape: Shape, probability: number) => Tensor | undefined

/** Applies dropout in a model. */
export interface Dropout {
  (x: Tensor, probability: number): Tensor
  /** Applies dropout to x, then adds the residual connection. */
  add(x: Tensor, probability: number, residual: Tensor): Tensor
  mask: Masks
}

const dropoutBy = (mask: Masks): Dropout =>
  Object.assign((x: Tensor, probability: number) => dropout(x, mask(x.shape, probability)), {
    add: (x: Tensor, probability: number, residual: Tensor) => dropoutAdd(x, mask(x.shape, probability), residual),
    mask,
  })

/** Disables dropout, as in evaluation. */
export const noDropout: Dropout = dropoutBy(() => undefined)

/**
 * Dropout whose masks are inputs of the graph, because the random number generators of runtimes are hard to seed and
 * cannot be resumed. Each mask is added to `sites`.
 */
export const dropoutInputs = (sites: DropoutSite[]): Dropout =>
  dropoutBy((shape, probability) => {
    if (probability === 0) return undefined
    const site = { name: `dropout.${sites.length}`, shape, probability }
    sites.push(site)
    return dropoutMask(input(site.name, site.shape, 'uint8'), probability)
  })
