/** What pages get from an index, from the service or in the visitor's browser. */
import type { FoundPassage, PassageSearch } from '../../search/passage-search.ts'
import { placed, placeIn, priorsOf } from '../../search/sources.ts'
import type { CollectionResponse, DocumentList, DocumentText } from '../http/collection-contract.ts'
import type { AnswerResult } from '../http/contract.ts'
import type { QuestionFields } from '../tokenizing/tokenizing-task.ts'

/** Maximum characters of a document per response. */
export const MAX_TEXT_PART = 1_000_000

export interface ListOptions {
  readonly limit: number
  readonly offset: number
  /** A part of the name or the title. */
  readonly containing: string
}

export const listDocuments = (index: PassageSearch, options: ListOptions): DocumentList => ({
  documents: index.documents(options),
  total: index.countDocuments(options.containing),
})

/** A document with a part of its text; undefined if the index does not have it. */
export function documentText(
  index: PassageSearch,
  id: number,
  start = 0,
  end = start + MAX_TEXT_PART,
): DocumentText | undefined {
  const document = index.document(id)
  return document && { ...document, start, text: index.text(id).slice(start, Math.min(end, start + MAX_TEXT_PART)) }
}

/** A question to the model about the passages that were found for it. */
export const questionAbout = (question: string, passages: readonly FoundPassage[]): QuestionFields => ({
  question,
  contexts: passages.map(({ text }) => text),
  priors: priorsOf(passages),
})

type SourcedResult = Pick<CollectionResponse, 'answers' | 'passages' | 'no_answer' | 'windows' | 'tokens'>

/** The result about passages, with the places of answers in their documents. */
export function sourcedResult(passages: readonly FoundPassage[], result: AnswerResult): SourcedResult {
  const answers = result.answers.map(({ context, ...answer }) => placed(answer, passages, context))
  return { ...result, answers, passages: passages.map(shownPassage) }
}

/** The result if no passage has a word of the question. */
export const NOTHING_FOUND: SourcedResult = {
  answers: [{ answer: '', score: 0, confidence: null, logit: 0, start: 0, end: 0 }],
  no_answer: { score: 1, confidence: null, null_score: 0, odds: 0, threshold: 0 },
  windows: 0,
  tokens: 0,
  passages: [],
}

const shownPassage = (passage: FoundPassage) => {
  const { start, text, relevance } = passage
  return { ...placeIn(passage, 0), start, text, relevance }
}
