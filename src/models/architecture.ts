/** What the rest of spanforge needs to know about a family of encoders; each family is one file beside this one. */
import type { Tensor } from '../graph/tensor.ts'
import type { ActivationName } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import type { Parameters } from '../nn/parameters.ts'

export type { ParameterSpec } from '../nn/parameters.ts'

/** A config.json that has been checked: fields under the file's own names. Each family adds its own. */
export interface ModelConfig {
  readonly model_type: string
  /** Fields that spanforge does not use. They are kept for saving. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** The sizes that every encoder has, whatever its configuration calls them. */
export interface Geometry {
  readonly layers: number
  readonly heads: number
  readonly hidden_size: number
  /** Width of the feed-forward layers. */
  readonly intermediate_size: number
  readonly activation: ActivationName
  readonly vocab_size: number
  /** The longest sequence, in tokens. */
  readonly max_positions: number
  /**
   * The id of padding, where only other tokens are counted, from the row after padding's on, as RoBERTa does. Undefined
   * where every token is counted, from row 0 on.
   */
  readonly position_padding?: number
  /** Number of token types; 0 if the model does not tell the question from the context. */
  readonly token_types: number
  /** The row of the word embeddings that does not learn, counted from 0; undefined if every row learns. */
  readonly padding_row: number | undefined
  /** Standard deviation of new weights. */
  readonly initializer_range: number
}

/** A part of an encoder, counted in layers. */
export interface LayerRange {
  /** 0 starts at the embeddings; above 0, the input `hidden` [tokens, hidden_size] is the state before that layer. */
  readonly from: number
  /** The state after this many layers is returned. */
  readonly to: number
}

/** How the tensors of a checkpoint are named. */
export interface CheckpointNames {
  /** What the encoder's names begin with, except in a checkpoint of the bare encoder: `bert.`. */
  readonly prefix: string
  /** Tensors of the encoder that hold no weights, such as a table of 0, 1, 2…, which old checkpoints contain. */
  readonly constants: readonly string[]
}

export interface Architecture<Config extends ModelConfig = ModelConfig> {
  readonly model_type: Config['model_type']
  /** The class of transformers that a saved folder is loaded with: `BertForQuestionAnswering`. */
  readonly class_name: string
  /** How the names of its classes begin, which alone tells the family of configurations without a model_type: `Bert`. */
  readonly class_prefix: string
  /** Every field that is read. */
  readonly field_names: readonly string[]
  readonly checkpoint: CheckpointNames
  /** @throws SpanforgeError that names the file, `source`, and each field at fault */
  parseConfig(json: unknown, source: string): Config
  /** Fields that a saved config.json states beside those of the configuration. */
  savedFields(config: Config): Readonly<Record<string, unknown>>
  geometry(config: Config): Geometry
  /** The same architecture with other sizes. */
  resized(config: Config, sizes: Pick<Geometry, 'layers' | 'vocab_size'>): Config
  /** The hidden state [tokens, hidden_size] after some layers, of inputs named as in transformers. */
  encoder(p: Parameters, config: Config, dropout: Dropout, range: LayerRange): Tensor
  /** The question-answering head: start and end logits [tokens, 2] of the encoder's result. */
  head(p: Parameters, config: Config, hidden: Tensor, dropout: Dropout): Tensor
}
