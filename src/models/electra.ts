/** ELECTRA (Clark et al. 2020): BERT, whose embeddings may be narrower than its layers and are then projected. */
import { linear } from '../nn/layers.ts'
import { type BertLikeConfig, bertLike, bertLikeFields, bertLikeTraits, sumOfEmbeddings } from './bert-like.ts'
import { configReader, integerBetween } from './config.ts'

/** The configuration of an ELECTRA model, with the field names of Hugging Face's config.json. */
export interface ElectraConfig extends BertLikeConfig {
  readonly model_type: 'electra'
  /** Width of the embeddings. */
  readonly embedding_size: number
}

export const electra = bertLike<ElectraConfig>({
  class_prefix: 'Electra',
  prefix: 'electra.',
  reader: configReader({
    model_type: 'electra',
    traits: bertLikeTraits,
    fixed: ['type_vocab_size'],
    // Defaults are those of transformers' ElectraConfig (4.57).
    fields: {
      ...bertLikeFields,
      embedding_size: integerBetween(1, 65536).default(128),
      hidden_size: bertLikeFields.hidden_size.default(256),
      num_attention_heads: bertLikeFields.num_attention_heads.default(4),
      intermediate_size: bertLikeFields.intermediate_size.default(1024),
    },
    readable: 'ELECTRA model: an encoder with absolute positions and two token types',
  }),
  embedded(p, config, dropout) {
    const { embedding_size: width, hidden_size } = config
    const x = sumOfEmbeddings(p.embeddings('embeddings'), config, dropout, { width })
    return width === hidden_size ? x : linear(p.embeddings('embeddings_project'), x, hidden_size)
  },
})
