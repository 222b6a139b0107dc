/** A document as text: its blocks, and where each of them is in the file. */

export type DocumentType = 'txt' | 'md' | 'html' | 'pdf' | 'docx'

/** Offset in a text, and the number of the page that begins there, counted from 1. */
export type PageStart = readonly [offset: number, page: number]

/** A heading or a paragraph. */
export interface DocumentBlock {
  readonly text: string
  /** UTF-16 offset in the text of the document. */
  readonly start: number
  /** Where pages of a PDF begin in the block. */
  readonly pages?: readonly PageStart[]
  /** Headings above the block, from the outermost to the innermost. */
  readonly headings: readonly string[]
  /** Whether the block is a heading itself. */
  readonly isHeading: boolean
}

export interface ReadDocument {
  readonly type: DocumentType
  /** Title stated in the document, or its first heading. */
  readonly title?: string
  /** Number of pages of a PDF. */
  readonly pages?: number
  /** All blocks, with `SEPARATOR` between them. */
  readonly text: string
  readonly blocks: readonly DocumentBlock[]
}

/** Separates the blocks in the text of a document. */
export const SEPARATOR = '\n\n'

/** A part of a document as its format stores it. `level` is that of a heading, counted from 1. */
export interface DocumentPiece {
  readonly text: string
  readonly level?: number
  readonly pages?: readonly PageStart[]
}

/** Maximum length of a heading. Longer ones are paragraphs in a large font. */
const MAX_HEADING = 300

/** Joins pieces to a document, with the headings above each of them. */
export class DocumentBuilder {
  private readonly blocks: DocumentBlock[] = []
  private readonly parts: string[] = []
  private readonly open: { readonly level: number; readonly text: string }[] = []
  private length = 0

  /** @param max maximum number of characters; `add` throws above it */
  constructor(private readonly max: number) {}

  add({ text: given, level, pages }: DocumentPiece): void {
    const text = tidy(given)
    if (text === '') return
    const start = this.length === 0 ? 0 : this.length + SEPARATOR.length
    if (start + text.length > this.max)
      throw new Error(`more than ${this.max.toLocaleString('en-US')} characters of text`)
    const isHeading = level !== undefined && text.length <= MAX_HEADING
    if (isHeading) while (this.open.length > 0 && this.open.at(-1)!.level >= level) this.open.pop()
    const headings = this.open.map((heading) => heading.text)
    this.blocks.push({ text, start, headings, isHeading, ...(pages && { pages }) })
    this.parts.push(text)
    this.length = start + text.length
    if (isHeading) this.open.push({ level, text: inOneLine(text) })
  }

  build(type: DocumentType, facts: { readonly title?: string; readonly pages?: number } = {}): ReadDocument {
    const title = inOneLine(tidy(facts.title ?? '') || this.blocks.find(({ isHeading }) => isHeading)?.text || '')
    return {
      type,
      ...(title && { title: title.slice(0, MAX_HEADING) }),
      ...(facts.pages !== undefined && { pages: facts.pages }),
      text: this.parts.join(SEPARATOR),
      blocks: this.blocks,
    }
  }
}

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ')

/**
 * Removes control characters, which databases and web pages do not accept, characters that only mark where a word may be
 * broken, and spaces around the text.
 */
const tidy = (text: string): string =>
  text
    .replace(/\p{Cs}/gu, '\ufffd')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
    .replace(/[\0-\x08\x0b\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff]/g, '')
    .replace(/\r\n?|\f/g, '\n')
    .trim()
