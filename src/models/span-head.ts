import type { Tensor } from '../graph/tensor.ts'
import type { Dropout } from '../nn/dropout.ts'
import type { Parameters } from '../nn/parameters.ts'
import { permuteRows } from '../ops/gather.ts'
import { reshape } from '../ops/movement.ts'
import type { LayerRange, ModelConfig } from './architecture.ts'
import { architectureOf } from './registry.ts'
import { layoutInputs } from './self-attention.ts'

/** Computes layers `from` to `to` of the encoder and returns the hidden state [tokens, hidden_size]. */
export function encoder(
  p: Parameters,
  config: ModelConfig,
  dropout: Dropout,
  { from = 0, to = Infinity, ...options }: Partial<LayerRange> = {},
): Tensor {
  const { encoder, checkpoint, geometry } = architectureOf(config)
  const body = p.at(checkpoint.prefix.slice(0, -1))
  return encoder(body, config, dropout, { ...options, from, to: Math.min(to, geometry(config).layers) })
}

/**
 * An encoder with the question-answering head of transformers. Returns the start and end logits of each place in each
 * window, [rows, 2, length]; values at padded places are meaningless. With `from`, computes only the layers starting
 * with that one.
 */
export function questionAnswering(
  p: Parameters,
  config: ModelConfig,
  dropout: Dropout,
  range: Omit<Partial<LayerRange>, 'to'> = {},
): Tensor {
  const hidden = encoder(p, config, dropout, range)
  const { places, tokens } = layoutInputs('spans', 2)
  const logits = reshape(architectureOf(config).head(p, config, hidden, dropout), ['tokens', 2, 1])
  return reshape(permuteRows(logits, places, tokens), ['rows', 2, 'length'])
}
