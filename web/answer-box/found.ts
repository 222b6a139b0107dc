import type { CollectionResponse, SourcedAnswer } from '../../src/server/http/collection-contract.ts'
import type { PredictedAnswer } from '../../src/server/http/contract.ts'
import type { TextSpan } from '../../src/squad/types.ts'
import { documentLink } from '../shared/document-link.ts'

export type BoxAnswer = Pick<PredictedAnswer, 'answer' | 'start' | 'end' | 'score' | 'confidence'>

/** An answer in the text that contains it. */
export interface Found {
  /** Its positions are in the page's text or in the document. */
  readonly answer: BoxAnswer & Pick<SourcedAnswer, 'source'>
  /** The text of the page, or the passage of a document. */
  readonly text: string
  /** The place of the answer in `text`. */
  readonly span: TextSpan
  /** Address of the place in the document. */
  readonly link?: string
}

export const foundOnPage = (answer: BoxAnswer, text: string): Found => ({ answer, text, span: answer })

/** The best answer from documents, which the page at the address `page` shows. */
export function foundInDocuments({ answers, passages }: CollectionResponse, page: string): Found {
  const [{ answer, start, end, score, confidence, source }] = answers
  const best = { answer, start, end, score, confidence }
  if (!source) return { answer: best, text: '', span: { start: 0, end: 0 } }
  const { text, start: offset } = passages[source.passage]
  const span = { start: start - offset, end: end - offset }
  return { answer: { ...best, source }, text, span, link: page + documentLink(source.document.id, { start, end }) }
}

/** The title of the document and the headings above an answer. */
export const sourceNames = ({
  document: { title, name },
  headings,
}: NonNullable<SourcedAnswer['source']>): string[] => [...new Set([title ?? name, ...headings])]
