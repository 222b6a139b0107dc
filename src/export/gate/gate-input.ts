import type { Row } from '../../batching/pack.ts'
import type { Geometry } from '../../models/architecture.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { VariantComparison } from './figures.ts'

/** Answers to questions, in order, with their scores in percent. */
export interface ScoredAnswers {
  readonly texts: readonly string[]
  readonly exact_match: number
  readonly f1: number
}

/** Questions on which variants are compared with the model. */
export interface GateQuestions {
  readonly facts: NonNullable<VariantComparison['questions']>
  /** The model's own answers. */
  readonly answers: ScoredAnswers
  /** Answers the questions from the logits of all windows. */
  answer(logits: readonly WindowLogits[]): ScoredAnswers
}

/** Windows that every variant computes, and what the model itself computes for them. */
export interface GateInput {
  readonly rows: readonly Row[]
  readonly logits: readonly WindowLogits[]
  /** Largest magnitude of the values that fp16 and q4f16 compute in float16. Undefined if it was not measured. */
  readonly largest_value?: number
  /** Missing if the windows are synthetic. */
  readonly questions?: GateQuestions
}

const LENGTHS = [8, 11, 16, 23, 32, 40, 48, 64]

/** Windows of random tokens with various lengths, for a comparison of logits without questions. */
export function syntheticRows({ vocab_size, max_positions, position_padding, token_types }: Geometry): Row[] {
  let state = 1
  const random = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  return LENGTHS.map((length) => {
    const size = Math.min(length, max_positions)
    const token = () => {
      const id = random(vocab_size)
      return id === position_padding ? (id + 1) % vocab_size : id
    }
    return {
      input_ids: Int32Array.from({ length: size }, token),
      token_type_ids: Int32Array.from({ length: size }, (_, i) => (token_types > 1 && i > size / 4 ? 1 : 0)),
      attended: size,
    }
  })
}
