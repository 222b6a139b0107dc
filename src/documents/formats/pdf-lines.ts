/** The lines of a PDF page, which contains only pieces of lines and their positions. */

/**
 * A piece as returned by pdfjs: `transform[0]` and `[1]` are the direction of its text, `[4]` and `[5]` its position in
 * points, with y upwards.
 */
export interface TextItem {
  readonly str: string
  readonly dir?: string
  readonly hasEOL: boolean
  readonly height: number
  readonly width: number
  readonly transform: readonly number[]
}

export interface PageLine {
  readonly text: string
  /** Left and right end in points, in the direction of the text. */
  readonly x: number
  readonly right: number
  /** Distance of the baseline from the bottom of the page in points. For text that runs upwards, from its left side. */
  readonly y: number
  /** Height of most of its characters in points, which is the font size. */
  readonly height: number
}

/** How much larger than ordinary text a heading is. */
export const HEADING_RATIO = 1.12

/** Joins pieces to lines, and leaves out empty ones. */
export function linesOf(pieces: readonly TextItem[]): PageLine[] {
  const lines: PageLine[] = []
  let parts: LinePart[] = []
  const end = () => {
    const line = lineOf(parts)
    if (line) lines.push(line)
    parts = []
  }
  for (const piece of pieces) {
    parts.push(partOf(piece))
    if (piece.hasEOL) end()
  }
  end()
  return lines
}

interface LinePart {
  readonly text: string
  readonly x: number
  readonly right: number
  readonly y: number
  readonly height: number
  readonly isInked: boolean
  readonly isLeftwards: boolean
}

/** A piece with its position as if its text ran from left to right. */
function partOf({ str: text, dir, width, height, transform: [a, b, , , left, bottom] }: TextItem): LinePart {
  const scale = Math.hypot(a, b) || 1
  const x = (a * left + b * bottom) / scale
  const y = (a * bottom - b * left) / scale
  return { text, x, right: x + width, y, height, isInked: text.trim() !== '', isLeftwards: dir === 'rtl' }
}

function lineOf(given: readonly LinePart[]): PageLine | undefined {
  const parts = withoutCopies(given)
  const inked = parts.filter(({ isInked }) => isInked)
  const height = usualHeight(inked)
  const { y } = inked.find((part) => roundedHeight(part) === height) ?? inked[0] ?? { y: 0 }
  const text = lineText(joinedParts(parts.map((part) => withSuperscript(part, height, y))))
  if (text === '') return undefined
  return { text, x: inked[0].x, right: Math.max(...inked.map(({ right }) => right)), y, height }
}

/** Leaves out text that is printed again with an offset, to look bold. */
function withoutCopies(parts: readonly LinePart[]): readonly LinePart[] {
  const before = new Map<string, LinePart>()
  return parts.filter((part) => {
    const { text, isInked, x, right, y, height } = part
    const same = before.get(text)
    const offset = Math.min(height, right - x) / 3
    if (isInked && same && Math.abs(same.x - x) < offset && Math.abs(same.y - y) < offset) return false
    before.set(text, part)
    return true
  })
}

/** Joins parts from left to right. pdfjs keeps the order of the file, and has spaces only between parts in order. */
function joinedParts(parts: readonly LinePart[]): string {
  const inked = parts.filter(({ isInked }) => isInked)
  const isOrdered = inked.every(({ x, height }, i) => i === 0 || x > inked[i - 1].x - height / 2)
  if (isOrdered || inked.some(({ isLeftwards }) => isLeftwards)) return parts.map(({ text }) => text).join('')
  inked.sort((a, b) => a.x - b.x)
  return inked
    .map(({ text, x, height }, i) => (i > 0 && x - inked[i - 1].right > height / 10 ? ` ${text}` : text))
    .join('')
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** Turns digits that are small and raised into superscripts, such as "750¹", because they are not part of the number. */
function withSuperscript(part: LinePart, usual: number, baseline: number): LinePart {
  const isRaised = part.height < 0.85 * usual && part.y > baseline + usual / 10
  if (!isRaised || !/^\d{1,3}$/.test(part.text.trim())) return part
  return { ...part, text: part.text.replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)]) }
}

const roundedHeight = ({ height }: { readonly height: number }): number => Math.round(height * 2) / 2

/** The font size of most of the letters, rounded to half a point. Leader dots and digits do not count. */
export function usualHeight(texts: readonly { readonly text: string; readonly height: number }[]): number {
  const letters = new Map<number, number>()
  for (const one of texts) {
    const size = roundedHeight(one)
    letters.set(size, (letters.get(size) ?? 0) + (one.text.match(/\p{L}/gu)?.length ?? 0))
  }
  return [...letters].reduce((most, one) => (one[1] > most[1] ? one : most), [texts[0]?.height ?? 0, 0])[0]
}

/** Accents as separate characters, as in PDF files by TeX, and the combining characters of the same meaning. */
const ACCENTS: Record<string, string> = {
  '´': '\u0301',
  '`': '\u0300',
  '¨': '\u0308',
  ˆ: '\u0302',
  '˜': '\u0303',
  '¯': '\u0304',
  '˘': '\u0306',
  '˙': '\u0307',
  '˚': '\u030a',
  ˇ: '\u030c',
  '˝': '\u030b',
}

function lineText(text: string): string {
  return (
    text
      .replace(/\s+/g, ' ')
      // Fonts of symbols have bullets at places without a meaning in Unicode.
      .replace(/^ ?[\p{Cc}\p{Co}] /u, '• ')
      .replace(/[\p{Cc}\p{Co}]/gu, '')
      .replace(/([´`¨ˆ˜¯˘˙˚ˇ˝])([\p{L}])/gu, (found, accent: string, letter: string, at: number, whole: string) => {
        // A grave accent within code is a quotation mark.
        if (accent === '`' && !/\p{L}/u.test(whole[at - 1] ?? '')) return found
        const composed = `${letter === 'ı' ? 'i' : letter}${ACCENTS[accent]}`.normalize('NFC')
        return composed.length === 1 ? composed : found
      })
      .replace(/([cs])¸/gi, (_, letter: string) => `${letter}\u0327`.normalize('NFC'))
      .trim()
  )
}
