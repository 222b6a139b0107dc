import { type DocumentBlock, type ReadDocument, SEPARATOR } from '../documents/document.ts'

/** A part of a document that is found and read as a whole. */
export interface Passage {
  /** UTF-16 offset in the text of the document. */
  readonly start: number
  readonly text: string
  /** Headings above the passage, from the outermost to the innermost. */
  readonly headings: readonly string[]
  /** Where pages begin, as offset in the passage and number of the page. Empty if the document has no pages. */
  readonly pages: readonly PageStart[]
}

export type PageStart = readonly [offset: number, page: number]

/** Paragraphs are joined up to this length, because the subject of a single line is often unclear. */
const ENOUGH = 600
/** Maximum length. About 350 tokens of English, so that a passage and a question fit into one window. */
const MOST = 1500

/** Cuts a document into passages: at headings, between paragraphs, and long paragraphs between sentences. */
export function cutPassages({ text, blocks }: Pick<ReadDocument, 'text' | 'blocks'>): Passage[] {
  const passages: Passage[] = []
  let group: DocumentBlock[] = []
  const end = () => {
    if (group.length > 0) passages.push(passageOf(text, group))
    group = []
  }
  for (const block of blocks) {
    const length = group.length === 0 ? 0 : endOf(group.at(-1)!) - group[0].start
    const isTitled = group.every(({ isHeading }) => isHeading)
    const startsSection = block.isHeading && !isTitled
    const isFull = !isTitled && (length >= ENOUGH || length + SEPARATOR.length + block.text.length > MOST)
    if (startsSection || isFull) end()
    if (block.text.length <= MOST) group.push(block)
    else {
      end()
      for (const part of sentencesOf(block)) passages.push(passageOf(text, [part]))
    }
  }
  end()
  return passages
}

const endOf = ({ start, text }: DocumentBlock): number => start + text.length

function passageOf(text: string, group: readonly DocumentBlock[]): Passage {
  const { start } = group[0]
  const last = group.at(-1)!
  const pages: PageStart[] = []
  for (const { start: own, page } of group)
    if (page !== undefined && pages.at(-1)?.[1] !== page) pages.push([own - start, page])
  const own = group.filter(({ isHeading }) => isHeading).map((block) => block.text.replace(/\s+/g, ' '))
  return { start, text: text.slice(start, endOf(last)), headings: [...new Set([...group[0].headings, ...own])], pages }
}

/** Cuts a long paragraph into parts of at most MOST characters, after a sentence or at least between words. */
function* sentencesOf(block: DocumentBlock): Generator<DocumentBlock> {
  const { text } = block
  for (let from = 0; from < text.length; ) {
    const to = cutBefore(text, from)
    const part = text.slice(from, to)
    const leading = part.length - part.trimStart().length
    if (part.trim() !== '') yield { ...block, start: block.start + from + leading, text: part.trim() }
    from = to
  }
}

function cutBefore(text: string, from: number): number {
  if (text.length - from <= MOST) return text.length
  const part = text.slice(from, from + MOST)
  for (const boundary of [/[.!?…]["'”’)\]]*\s|[。！？]/g, /\n/g, /\s/g]) {
    let last = -1
    for (const { index, 0: found } of part.matchAll(boundary)) last = index + found.length
    if (last >= MOST / 3) return from + last
  }
  // Do not separate the two units of a character outside the basic plane.
  return from + MOST - (/[\ud800-\udbff]$/.test(part) ? 1 : 0)
}
