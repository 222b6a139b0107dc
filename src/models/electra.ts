/** ELECTRA (Clark et al. 2020): BERT, whose embeddings may be narrower than its layers and are then projected. */
import { linear } from '../nn/layers.ts'
import type { Architecture } from './architecture.ts'
import {
  BERT_LIKE_NAMES,
  type BertLikeConfig,
  bertLikeEncoder,
  bertLikeFields,
  bertLikeGeometry,
  bertLikeSavedFields,
  bertLikeTraits,
  resizedBertLike,
  sumOfEmbeddings,
} from './bert-like.ts'
import { checkSizes, configReader, integerBetween } from './config.ts'
import { qaOutputs } from './qa-outputs.ts'

/** The sizes and settings of an ELECTRA: Hugging Face's config.json, with its names. */
export interface ElectraConfig extends BertLikeConfig {
  readonly model_type: 'electra'
  /** Width of the embeddings. */
  readonly embedding_size: number
}

const reader = configReader({
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
})

export const electra: Architecture<ElectraConfig> = {
  model_type: 'electra',
  class_name: 'ElectraForQuestionAnswering',
  class_prefix: 'Electra',
  field_names: reader.names,
  checkpoint: { prefix: 'electra.', constants: ['embeddings.position_ids', 'embeddings.token_type_ids'] },
  parseConfig(json, source) {
    const config: ElectraConfig = { model_type: 'electra', ...reader.read(json, source) }
    checkSizes(this.geometry(config), config, BERT_LIKE_NAMES, source)
    return config
  },
  savedFields: bertLikeSavedFields,
  geometry: bertLikeGeometry,
  resized: resizedBertLike,
  encoder: (p, config, dropout, range) =>
    bertLikeEncoder(p, config, dropout, range, () => {
      const { embedding_size: width, hidden_size } = config
      const x = sumOfEmbeddings(p.embeddings('embeddings'), config, dropout, { width })
      return width === hidden_size ? x : linear(p.embeddings('embeddings_project'), x, hidden_size)
    }),
  head: qaOutputs,
}
