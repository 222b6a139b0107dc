/** Where the answers from an index come from. Runs in Node.js and in browsers. */
import { LogSum } from '../squad/answers/best-spans.ts'
import type { FoundPassage } from './passage-search.ts'
import type { IndexedDocument } from './schema.ts'

/** The place of an answer in the documents. */
export interface AnswerSource {
  readonly document: Pick<IndexedDocument, 'id' | 'name' | 'title'>
  /** Page of a PDF, counted from 1. */
  readonly page?: number
  /** Headings above the answer, from the outermost to the innermost. */
  readonly headings: readonly string[]
  /** Index of the passage among those that were read. */
  readonly passage: number
}

/** Divisor of BM25 scores before the softmax. Chosen on questions of training data. */
const RELEVANCE_TEMPERATURE = 3

/**
 * Log probabilities that each passage has the answer, from their relevance. A model that was trained on paragraphs with
 * an answer is as sure of its answers in others, so its scores alone do not tell in which passage the answer is.
 */
export function priorsOf(passages: readonly Pick<FoundPassage, 'relevance'>[]): number[] {
  const total = new LogSum()
  const scores = passages.map(({ relevance }) => relevance / RELEVANCE_TEMPERATURE)
  for (const score of scores) total.add(score)
  return scores.map((score) => score - total.value)
}

/** Moves an answer from its passage to its document. */
export function placed<T extends { readonly answer: string; readonly start: number; readonly end: number }>(
  answer: T,
  passages: readonly FoundPassage[],
  passage: number,
): T & { readonly source?: AnswerSource } {
  if (answer.answer === '') return answer
  const found = passages[passage]
  return {
    ...answer,
    start: found.start + answer.start,
    end: found.start + answer.end,
    source: { ...placeIn(found, answer.start), passage },
  }
}

/** The document, the page and the headings of an offset in a passage. */
export function placeIn({ document, headings, pages }: FoundPassage, offset: number): Omit<AnswerSource, 'passage'> {
  const { id, name, title } = document
  const page = pages.findLast(([start]) => start <= offset)?.[1]
  return { document: { id, name, title }, ...(page !== undefined && { page }), headings }
}
