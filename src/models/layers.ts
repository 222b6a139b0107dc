import { checkpoint } from '../autodiff/checkpoint.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { LayerRange } from './architecture.ts'

/**
 * Applies the layers of a range one after the other to x [tokens, hidden_size]. `shared` are other tensors with a
 * gradient that all layers use.
 */
export function applyLayers(
  x: Tensor,
  { from, to, gradient_checkpointing = false }: LayerRange,
  layer: (x: Tensor, i: number) => Tensor,
  shared: readonly Tensor[] = [],
): Tensor {
  for (let i = from; i < to; i++) {
    const y = layer(x, i)
    x = gradient_checkpointing ? checkpoint(y, [x, ...shared]) : y
  }
  return x
}
