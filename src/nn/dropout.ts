import type { Shape } from '../graph/shape.ts'
import { input, type Tensor } from '../graph/tensor.ts'
import { dropout, dropoutAdd } from '../ops/dropout.ts'

/** One place where values are dropped: a graph input that holds 0 with `probability`, else 1 / (1 - probability). */
export interface DropoutSite {
  readonly name: string
  readonly shape: Shape
  readonly probability: number
}

/** The mask for values of a shape, each of which is dropped with a probability; undefined if none is dropped. */
type Masks = (shape: Shape, probability: number) => Tensor | undefined

/** How a model drops values. */
export interface Dropout {
  (x: Tensor, probability: number): Tensor
  /** Drops values of x, then adds what went around the layer. */
  add(x: Tensor, probability: number, residual: Tensor): Tensor
  mask: Masks
}

const dropoutBy = (mask: Masks): Dropout =>
  Object.assign((x: Tensor, probability: number) => dropout(x, mask(x.shape, probability)), {
    add: (x: Tensor, probability: number, residual: Tensor) => dropoutAdd(x, mask(x.shape, probability), residual),
    mask,
  })

/** Drops nothing: how evaluation graphs are built. */
export const noDropout: Dropout = dropoutBy(() => undefined)

/**
 * Dropout whose masks are inputs of the graph, because a runtime's own generator can neither be seeded well nor resumed.
 * Every mask is noted in `sites`.
 */
export const dropoutInputs = (sites: DropoutSite[]): Dropout =>
  dropoutBy((shape, probability) => {
    if (probability === 0) return undefined
    const site = { name: `dropout.${sites.length}`, shape, probability }
    sites.push(site)
    return input(site.name, site.shape)
  })
