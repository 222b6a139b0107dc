/**
 * Writes the vocabulary and tokenizer settings of the embedded model: `npx tsx examples/embedded/make-vocabulary.ts`
 */
import { existsSync, readFileSync } from 'node:fs'
import { SpanforgeError } from '../../src/errors.ts'
import { writeFileAtomic } from '../../src/files/atomic.ts'
import { generateExamples } from '../../src/synthetic/examples.ts'
import { trainWordPiece } from '../../src/synthetic/wordpiece.ts'
import { tokenizerFromVocab, toTokenizerConfig, toVocabText } from '../../src/text/index.ts'

/** Small enough to split invented names into two to five pieces, large enough to keep common words whole. */
const VOCABULARY_SIZE = 2500

const folder = `${import.meta.dirname}/model`
const vocab = toVocabText(embeddedVocabulary())
// Row i of the embedding table corresponds to line i of the vocabulary, so new lines would invalidate the weights.
if (existsSync(`${folder}/model.safetensors`) && readFileSync(`${folder}/vocab.txt`, 'utf8') !== vocab) {
  throw new SpanforgeError(
    `${folder}: its weights were trained with a different vocabulary than that of the current text`,
    {
      remedy: 'Delete model.safetensors, run this again, then pretrain again: npx tsx scripts/pretrain-embedded.ts',
    },
  )
}
const tokenizer = tokenizerFromVocab(vocab, { do_lower_case: true, model_max_length: 128 })
await writeFileAtomic(`${folder}/vocab.txt`, vocab)
await writeFileAtomic(`${folder}/tokenizer_config.json`, `${JSON.stringify(toTokenizerConfig(tokenizer), null, 2)}\n`)

/** Trains the vocabulary on text whose names occur in neither training nor validation. */
function embeddedVocabulary(): string[] {
  const examples = generateExamples({ seed: 5, split: 'pretraining', questions: 20_000 })
  const contexts = new Set(examples.map((example) => example.context))
  return trainWordPiece([...contexts, ...examples.map((example) => example.question)], VOCABULARY_SIZE)
}
