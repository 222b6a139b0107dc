import type { Shape } from '../graph/shape.ts'
import { input, type Tensor } from '../graph/tensor.ts'
import { mul } from '../ops/elementwise.ts'

/** One place where values are dropped: a graph input that holds 0 with `probability`, else 1 / (1 - probability). */
export interface DropoutSite {
  readonly name: string
  readonly shape: Shape
  readonly probability: number
}

export type Dropout = (x: Tensor, probability: number) => Tensor

/** The identity: how evaluation graphs are built. */
export const noDropout: Dropout = (x) => x

/**
 * Dropout (Srivastava et al. 2014) whose masks come in as inputs, because a runtime's own generator can neither be
 * seeded well nor resumed. Every use is noted in `sites`.
 */
export function dropoutInputs(sites: DropoutSite[]): Dropout {
  return (x, probability) => {
    if (probability === 0) return x
    const site = { name: `dropout.${sites.length}`, shape: x.shape, probability }
    sites.push(site)
    return mul(x, input(site.name, site.shape))
  }
}
