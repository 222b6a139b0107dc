import { SpanforgeError, UsageError } from '../errors.ts'
import type { ModelConfig, ParameterSpec } from './architecture.ts'
import { parameterSpecs } from './programs.ts'
import { architectureOf } from './registry.ts'

/** A shallower model that begins with the weights of some layers of a deeper one. */
export interface ShallowModel {
  readonly config: ModelConfig
  /** Its parameters, under the names that their weights have in the deeper model. */
  readonly sources: readonly Pick<ParameterSpec, 'name' | 'shape'>[]
  /** The name of a parameter of the deeper model in the shallower one; undefined if its layer was not chosen. */
  nameOf(source: string): string | undefined
}

/**
 * Chooses layers of a model, counted from 0 at the embeddings. Everything else is kept.
 * @param place the folder of the model, for errors
 * @throws UsageError for layers that the model does not have, or that cannot replace each other
 */
export function chooseLayers(deep: ModelConfig, chosen: readonly number[], place: string): ShallowModel {
  const architecture = architectureOf(deep)
  const { layers, layer_kinds, vocab_size } = architecture.geometry(deep)
  const given = `init_layers ${chosen.join(',')}`
  if (chosen.some((layer, i) => layer >= layers || (i > 0 && layer <= chosen[i - 1])))
    throw new UsageError(`${given}: expected layers from 0 to ${layers - 1} of ${place} in ascending order`)
  const specs = parameterSpecs(deep)
  const layerOf = ({ part }: ParameterSpec) => (part.role === 'layer' ? part.layer : undefined)
  if (new Set(specs.map(layerOf)).size <= layers)
    throw new SpanforgeError(`${given}: the layers of ${place} share their weights`, {
      remedy: 'Leave out init_layers. For fewer layers with the same weights, lower num_hidden_layers in config.json.',
    })
  const kindOf = (layer: number) => layer_kinds?.[layer]
  const odd = chosen.findIndex((layer, i) => kindOf(layer) !== kindOf(i))
  if (odd >= 0)
    throw new UsageError(
      `${given}: layer ${chosen[odd]} of ${place} is ${kindOf(chosen[odd])} and cannot become layer ${odd}, which is ${kindOf(odd)}`,
      `Choose ${kindOf(odd)} for that place.`,
    )
  const config = architecture.resized(deep, { layers: chosen.length, vocab_size })
  const kept = specs.filter((spec) => {
    const layer = layerOf(spec)
    return layer === undefined || chosen.includes(layer)
  })
  // Both lists are in the order of the model, in which the chosen layers follow each other.
  const names = new Map(parameterSpecs(config).map(({ name }, i) => [kept[i].name, name]))
  return { config, sources: kept, nameOf: (source) => names.get(source) }
}
