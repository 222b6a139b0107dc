import { activationKernels } from './activations.ts'
import { attentionKernels } from './attention.ts'
import { elementwiseKernels } from './elementwise.ts'
import type { KernelTable } from './kernel.ts'
import { movementKernels } from './movement.ts'
import { normalizationKernels } from './normalization.ts'
import { productKernels } from './products.ts'
import { softmaxKernels } from './softmax.ts'

/** The kernel of each operator, by name. */
export const kernels: KernelTable = {
  ...{ ...productKernels, ...attentionKernels, ...normalizationKernels, ...softmaxKernels },
  ...{ ...elementwiseKernels, ...activationKernels, ...movementKernels },
}
