/**
 * RoBERTa (Liu et al. 2019), CamemBERT and XLM-RoBERTa, which differ only in their vocabularies. The layers are those of
 * BERT. Positions count tokens other than padding, starting at the row after the padding row.
 */
import type { Architecture } from './architecture.ts'
import {
  type BertLikeConfig,
  bertLike,
  bertLikeFields,
  bertLikeGeometry,
  bertLikeTraits,
  sumOfEmbeddings,
} from './bert-like.ts'
import { configReader, integerBetween } from './config.ts'

type RobertaType = 'roberta' | 'camembert' | 'xlm-roberta'

/** The configuration of a RoBERTa model, with the field names of Hugging Face's config.json. */
export interface RobertaConfig extends BertLikeConfig {
  readonly model_type: RobertaType
  /** Index of the padding row in the word and position embeddings. Neither is trained. */
  readonly pad_token_id: number
}

interface Variant {
  readonly model_type: RobertaType
  readonly class_prefix: string
  /** Default of the configuration in transformers. */
  readonly vocab_size: number
  readonly name: string
}

const variant = ({ model_type, class_prefix, vocab_size, name }: Variant): Architecture<RobertaConfig> =>
  bertLike<RobertaConfig>({
    class_prefix,
    prefix: 'roberta.',
    reader: configReader({
      model_type,
      traits: bertLikeTraits,
      fields: {
        ...bertLikeFields,
        vocab_size: bertLikeFields.vocab_size.default(vocab_size),
        // With a single token type, the model distinguishes question and context by the separators between them.
        type_vocab_size: integerBetween(1, 10_000).default(2),
        pad_token_id: integerBetween(0, 10_000_000).default(1),
      },
      readable: `${name} model: an encoder with absolute positions`,
    }),
    geometry: (config) => ({
      ...bertLikeGeometry(config),
      max_positions: config.max_position_embeddings - config.pad_token_id - 1,
      position_padding: config.pad_token_id,
    }),
    embedded: (p, config, dropout) =>
      sumOfEmbeddings(p.embeddings('embeddings'), config, dropout, { position_padding: config.pad_token_id }),
  })

export const roberta = variant({
  model_type: 'roberta',
  class_prefix: 'Roberta',
  vocab_size: 50265,
  name: 'RoBERTa',
})

export const camembert = variant({
  model_type: 'camembert',
  class_prefix: 'Camembert',
  vocab_size: 30522,
  name: 'CamemBERT',
})

export const xlmRoberta = variant({
  model_type: 'xlm-roberta',
  class_prefix: 'XLMRoberta',
  vocab_size: 30522,
  name: 'XLM-RoBERTa',
})
