import { generateExamples } from './examples.ts'
import { trainWordPiece } from './wordpiece.ts'

/** Small enough that invented names fall into two to five pieces, large enough that common words are whole. */
const VOCABULARY_SIZE = 2500

/** The embedded model's vocabulary, trained on text whose names appear neither in training nor in validation. */
export function demoVocabulary(): string[] {
  const examples = generateExamples({ seed: 5, split: 'pretraining', questions: 20_000 })
  const contexts = new Set(examples.map((example) => example.context))
  return trainWordPiece([...contexts, ...examples.map((example) => example.question)], VOCABULARY_SIZE)
}
