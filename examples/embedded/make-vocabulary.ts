/** Writes the embedded model's vocabulary and tokenizer settings: `npx tsx examples/embedded/make-vocabulary.ts` */
import { writeFileAtomic } from '../../src/checkpoint/atomic.ts'
import { demoVocabulary } from '../../src/demo/vocabulary.ts'
import { tokenizerFromVocab, toTokenizerConfig, toVocabText } from '../../src/text/index.ts'

const folder = `${import.meta.dirname}/model`
const vocab = toVocabText(demoVocabulary())
const tokenizer = tokenizerFromVocab(vocab, { do_lower_case: true, model_max_length: 128 })
await writeFileAtomic(`${folder}/vocab.txt`, vocab)
await writeFileAtomic(`${folder}/tokenizer_config.json`, `${JSON.stringify(toTokenizerConfig(tokenizer), null, 2)}\n`)
