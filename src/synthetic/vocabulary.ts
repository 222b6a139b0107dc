import { generateExamples } from './examples.ts'
import { trainWordPiece } from './wordpiece.ts'

/** Small enough to split invented names into two to five pieces, large enough to keep common words whole. */
const VOCABULARY_SIZE = 2500

/** Trains the vocabulary of the embedded model, on text whose names occur in neither training nor validation. */
export function embeddedVocabulary(): string[] {
  const examples = generateExamples({ seed: 5, split: 'pretraining', questions: 20_000 })
  const contexts = new Set(examples.map((example) => example.context))
  return trainWordPiece([...contexts, ...examples.map((example) => example.question)], VOCABULARY_SIZE)
}
