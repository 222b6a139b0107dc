import type { ParameterSpec } from '../../models/architecture.ts'

/** The factor of the learning rate of a parameter, by its name. */
export type RateOf = (name: string) => number

/**
 * Layer-wise decay of the learning rate, as in the fine-tuning of ELECTRA (Clark et al. 2020). The head has factor 1, and
 * each layer below has `layer_lr_decay` times the factor of the layer above, down to the embeddings. Layers that share
 * their weights (ALBERT) count as one. What follows the last layer learns at its rate.
 */
export function layerRates(specs: readonly ParameterSpec[], layer_lr_decay: number): RateOf {
  const layers = [...new Set(specs.flatMap(({ part }) => (part.role === 'layer' ? [part.layer] : [])))]
  layers.sort((a, b) => b - a)
  const depthOf = ({ part }: ParameterSpec): number => {
    if (part.role === 'head') return 0
    if (part.role === 'after-layers') return 1
    return part.role === 'layer' ? layers.indexOf(part.layer) + 1 : layers.length + 1
  }
  const factors = new Map(specs.map((spec) => [spec.name, layer_lr_decay ** depthOf(spec)]))
  return (name) => factors.get(name)!
}
