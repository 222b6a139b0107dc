import { activationKernels } from './activations.ts'
import { attention } from './attention.ts'
import { elementwise } from './elementwise.ts'
import type { Kernels } from './kernel.ts'
import { movement } from './movement.ts'
import { normalization } from './normalization.ts'
import { products } from './products.ts'

/** What computes each operator, by its name. */
export const kernels: Kernels = {
  ...{ ...products, ...attention, ...normalization },
  ...{ ...elementwise, ...activationKernels, ...movement },
}
