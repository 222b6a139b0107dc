/** The interface of an encoder architecture. Each architecture is implemented in one file next to this one. */
import { checkpoint } from '../autodiff/checkpoint.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { ActivationName } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import type { Parameters } from '../nn/parameters.ts'

export type { ParameterSpec } from '../nn/parameters.ts'

/** A validated config.json. Fields have the same names as in the file; each architecture adds its own. */
export interface ModelConfig {
  readonly model_type: string
  /** Fields that spanforge does not use but preserves when saving. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** The dimensions of an encoder, independent of their names in the configuration. */
export interface Geometry {
  readonly layers: number
  /**
   * The kind of each layer, if layers of the same size differ otherwise. A layer can only replace one of the same kind.
   */
  readonly layer_kinds?: readonly string[]
  readonly heads: number
  readonly hidden_size: number
  /** Width of the feed-forward layers. */
  readonly intermediate_size: number
  readonly activation: ActivationName
  /** Whether the feed-forward layers are gated, with a third matrix. */
  readonly is_gated?: boolean
  readonly vocab_size: number
  /** Maximum sequence length in tokens. */
  readonly max_positions: number
  /**
   * The id of padding, if positions count only other tokens and start in the row after this id, as in RoBERTa. Undefined
   * if positions count all tokens and start in row 0.
   */
  readonly position_padding?: number
  /** Number of token types; 0 if the model does not distinguish question and context tokens. */
  readonly token_types: number
  /** Index of the word embedding that is not trained; undefined if all are trained. */
  readonly padding_row: number | undefined
  /** Standard deviation of newly initialized weights. */
  readonly initializer_range: number
}

/** A range of encoder layers. */
export interface LayerRange {
  /**
   * With 0, the range starts with the embeddings. Otherwise, the input `hidden` [tokens, hidden_size] is the state
   * before this layer.
   */
  readonly from: number
  /** Number of the layer before which the range ends; the state at that point is returned. */
  readonly to: number
  /** Whether the backward pass computes each layer again from the state before it, instead of keeping its values. */
  readonly gradient_checkpointing?: boolean
}

/** Names of tensors in a checkpoint. */
export interface CheckpointNames {
  /** Prefix of the encoder's names, such as `bert.`. Checkpoints of the bare encoder do not have it. */
  readonly prefix: string
  /** Tensors of the encoder that are not weights, such as the position ids 0, 1, 2… in old checkpoints. */
  readonly constants: readonly string[]
}

export interface Architecture<Config extends ModelConfig = ModelConfig> {
  readonly model_type: Config['model_type']
  /** The class that loads a saved folder in transformers, such as `BertForQuestionAnswering`. */
  readonly class_name: string
  /**
   * Prefix of the architecture's class names, such as `Bert`. It identifies the architecture if model_type is missing.
   */
  readonly class_prefix: string
  /** All fields of config.json that are read. */
  readonly field_names: readonly string[]
  readonly checkpoint: CheckpointNames
  /** @throws SpanforgeError that names the file `source` and each invalid field */
  parseConfig(json: unknown, source: string): Config
  /** Additional fields to write to a saved config.json. */
  savedFields(config: Config): Readonly<Record<string, unknown>>
  geometry(config: Config): Geometry
  /** Returns the same architecture with different sizes. */
  resized(config: Config, sizes: Pick<Geometry, 'layers' | 'vocab_size'>): Config
  /** Returns the hidden state [tokens, hidden_size] after a range of layers. Input names are those of transformers. */
  encoder(p: Parameters, config: Config, dropout: Dropout, range: LayerRange): Tensor
  /** The question-answering head, which computes start and end logits [tokens, 2] from the encoder's output. */
  head(p: Parameters, config: Config, hidden: Tensor, dropout: Dropout): Tensor
}

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
