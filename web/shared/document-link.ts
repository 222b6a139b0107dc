/** Links to the documents of an index on the page that shows them. */
import type { TextSpan } from '../../src/squad/types.ts'

const LINK = /^#document=(\d+)(?:&start=(\d+)&end=(\d+))?$/

/** Fragment of the page's address for a document, or for a place in it. */
export const documentLink = (id: number, span?: TextSpan): string =>
  `#document=${id}${span ? `&start=${span.start}&end=${span.end}` : ''}`

/** The document that a fragment names; undefined for other fragments. */
export function linkedDocument(fragment: string): { readonly id: number; readonly span?: TextSpan } | undefined {
  const [, id, start, end] = LINK.exec(fragment) ?? []
  if (id === undefined) return undefined
  return { id: Number(id), ...(start !== undefined && { span: { start: Number(start), end: Number(end) } }) }
}
