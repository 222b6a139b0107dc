/** BERT (Devlin et al. 2018), equivalent to BertModel in transformers without the pooler. Computes only real tokens. */
import { type BertLikeConfig, bertLike, bertLikeFields, bertLikeTraits, sumOfEmbeddings } from './bert-like.ts'
import { configReader } from './config.ts'

/** The configuration of a BERT model, with the field names of Hugging Face's config.json. */
export interface BertConfig extends BertLikeConfig {
  readonly model_type: 'bert'
}

export const bert = bertLike<BertConfig>({
  class_prefix: 'Bert',
  prefix: 'bert.',
  reader: configReader({
    model_type: 'bert',
    traits: bertLikeTraits,
    fixed: ['type_vocab_size'],
    fields: bertLikeFields,
    readable: 'BERT model: an encoder with absolute positions and two token types',
  }),
  embedded: (p, config, dropout) => sumOfEmbeddings(p.embeddings('embeddings'), config, dropout),
})
