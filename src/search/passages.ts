import { type DocumentBlock, type PageStart, type ReadDocument, SEPARATOR } from '../documents/document.ts'

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

/** Paragraphs are joined up to this length, because the subject of a single line is often unclear. */
const MIN_LENGTH = 600
/** Maximum length. About 350 tokens of English, so that a passage and a question fit into one window. */
const MAX_LENGTH = 1500

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
    const isFull = !isTitled && (length >= MIN_LENGTH || length + SEPARATOR.length + block.text.length > MAX_LENGTH)
    if (startsSection || isFull) end()
    const room = group.length === 0 ? MAX_LENGTH : MAX_LENGTH - (endOf(group.at(-1)!) - group[0].start)
    for (const [i, part] of [...partsOf(block, room)].entries()) {
      if (i > 0) end()
      group.push(part)
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
  for (const block of group)
    for (const [offset, page] of block.pages ?? [])
      if (pages.at(-1)?.[1] !== page) pages.push([block.start + offset - start, page])
  const own = group.filter(({ isHeading }) => isHeading).map((block) => block.text.replace(/\s+/g, ' '))
  return { start, text: text.slice(start, endOf(last)), headings: [...new Set([...group[0].headings, ...own])], pages }
}

/** Cuts a long paragraph into parts after a sentence, or at least between words. The first part has at most `room` characters. */
function* partsOf(block: DocumentBlock, room: number): Generator<DocumentBlock> {
  const { text, pages } = block
  for (let from = 0; from < text.length; ) {
    const to = cutBefore(text, from, from === 0 && text.length > room ? room : MAX_LENGTH)
    const part = text.slice(from, to)
    const start = from + part.length - part.trimStart().length
    if (part.trim() !== '')
      yield {
        ...block,
        start: block.start + start,
        text: part.trim(),
        ...(pages && { pages: pagesWithin(pages, start, to) }),
      }
    from = to
  }
}

/** Where pages begin in a part of a text. */
const pagesWithin = (pages: readonly PageStart[], from: number, to: number): PageStart[] =>
  pages
    .filter(([offset], i) => offset < to && (pages[i + 1]?.[0] ?? Infinity) > from)
    .map(([offset, page]) => [Math.max(0, offset - from), page])

function cutBefore(text: string, from: number, max: number): number {
  if (text.length - from <= max) return text.length
  const part = text.slice(from, from + max)
  for (const boundary of [/[.!?…]["'”’)\]]*\s|[。！？]/g, /\n/g, /\s/g]) {
    let last = -1
    for (const { index, 0: found } of part.matchAll(boundary)) last = index + found.length
    if (last >= max / 3) return from + last
  }
  // Do not separate the two units of a character outside the basic plane.
  return from + max - (/[\ud800-\udbff]$/.test(part) ? 1 : 0)
}
