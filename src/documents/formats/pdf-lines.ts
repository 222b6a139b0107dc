/** Reconstructs the text of a PDF page, which contains only pieces of lines and their positions. */

/** A piece as returned by pdfjs: `transform[4]` and `[5]` are its position in points, with y upwards. */
export interface TextItem {
  readonly str: string
  readonly hasEOL: boolean
  readonly height: number
  readonly transform: readonly number[]
}

interface Line {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly height: number
}

/** A paragraph of a page. */
export interface Paragraph {
  readonly text: string
  /** Height of its first line in points, which is the font size. */
  readonly height: number
}

/** Joins lines to paragraphs and removes hyphenation. */
export function pageParagraphs(pieces: readonly TextItem[]): Paragraph[] {
  const lines = linesOf(pieces)
  const usual = usualDistance(lines)
  const paragraphs: { text: string; height: number }[] = []
  for (const [i, line] of lines.entries()) {
    const last = lines[i - 1]
    const paragraph = paragraphs.at(-1)
    if (!paragraph || startsParagraph(last, line, usual)) paragraphs.push({ text: line.text, height: line.height })
    else if (/\p{L}[-\u00ad]$/u.test(last.text))
      paragraph.text = (/^\p{Ll}/u.test(line.text) ? paragraph.text.slice(0, -1) : paragraph.text) + line.text
    else paragraph.text += ` ${line.text}`
  }
  return paragraphs
}

/** The text of a page, with an empty line between paragraphs. */
export const pageText = (pieces: readonly TextItem[]): string =>
  pageParagraphs(pieces)
    .map(({ text }) => text)
    .join('\n\n')

function startsParagraph(last: Line, line: Line, usual: number): boolean {
  const distance = last.y - line.y
  // A line further up starts a new column, which may continue a sentence.
  if (distance < 0) return /[.!?:]["'”’)]*$/.test(last.text)
  return distance > 1.4 * usual || Math.abs(line.height - last.height) > 0.2 * Math.max(line.height, last.height)
}

function linesOf(pieces: readonly TextItem[]): Line[] {
  const lines: Line[] = []
  let parts: TextItem[] = []
  const end = () => {
    const text = parts
      .map(({ str }) => str)
      .join('')
      .replace(/\s+/g, ' ')
      .trim()
    const first = parts.find(({ str }) => str.trim())
    if (first) lines.push({ text, x: first.transform[4], y: first.transform[5], height: first.height })
    parts = []
  }
  for (const piece of pieces) {
    parts.push(piece)
    if (piece.hasEOL) end()
  }
  end()
  return lines
}

/** The lower median of line distances, since most lines are followed by another one of the same paragraph. */
function usualDistance(lines: readonly Line[]): number {
  const distances = lines.slice(1).map(({ y }, i) => lines[i].y - y)
  const down = distances.filter((distance) => distance > 0).sort((a, b) => a - b)
  return down[(down.length - 1) >> 1] ?? Infinity
}
