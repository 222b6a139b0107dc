/** BERT (Devlin et al. 2018), equivalent to BertModel in transformers without the pooler. Computes only real tokens. */
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
import { checkSizes, configReader } from './config.ts'
import { qaOutputs } from './qa-outputs.ts'

/** The configuration of a BERT model, with the field names of Hugging Face's config.json. */
export interface BertConfig extends BertLikeConfig {
  readonly model_type: 'bert'
}

const reader = configReader({
  model_type: 'bert',
  traits: bertLikeTraits,
  fixed: ['type_vocab_size'],
  fields: bertLikeFields,
  readable: 'BERT model: an encoder with absolute positions and two token types',
})

export const bert: Architecture<BertConfig> = {
  model_type: 'bert',
  class_name: 'BertForQuestionAnswering',
  class_prefix: 'Bert',
  field_names: reader.names,
  checkpoint: { prefix: 'bert.', constants: ['embeddings.position_ids', 'embeddings.token_type_ids'] },
  parseConfig(json, source) {
    const config: BertConfig = { model_type: 'bert', ...reader.read(json, source) }
    checkSizes(this.geometry(config), config, BERT_LIKE_NAMES, source)
    return config
  },
  savedFields: bertLikeSavedFields,
  geometry: bertLikeGeometry,
  resized: resizedBertLike,
  encoder: (p, config, dropout, range) =>
    bertLikeEncoder(p, config, dropout, range, () => sumOfEmbeddings(p.embeddings('embeddings'), config, dropout)),
  head: qaOutputs,
}
