/** The lines of a PDF page, which contains only pieces of lines and their positions. */

/** A piece as returned by pdfjs: `transform[4]` and `[5]` are its position in points, with y upwards. */
export interface TextItem {
  readonly str: string
  readonly hasEOL: boolean
  readonly height: number
  readonly width: number
  readonly transform: readonly number[]
}

export interface PageLine {
  readonly text: string
  /** Left and right end in points. */
  readonly x: number
  readonly right: number
  /** Distance of the baseline from the bottom of the page in points. */
  readonly y: number
  /** Height of most of its characters in points, which is the font size. */
  readonly height: number
}

/** How much larger than ordinary text a heading is. */
export const HEADING_RATIO = 1.12

/** Joins pieces to lines, and leaves out empty ones. */
export function linesOf(pieces: readonly TextItem[]): PageLine[] {
  const lines: PageLine[] = []
  let parts: TextItem[] = []
  const end = () => {
    const inked = parts.filter(({ str }) => str.trim())
    const text = lineText(parts.map(({ str }) => str).join(''))
    if (text !== '')
      lines.push({
        text,
        x: inked[0].transform[4],
        right: Math.max(...inked.map(({ transform, width }) => transform[4] + width)),
        y: inked[0].transform[5],
        height: usualHeight(inked.map(({ str, height }) => ({ text: str, height }))),
      })
    parts = []
  }
  for (const piece of pieces) {
    parts.push(piece)
    if (piece.hasEOL) end()
  }
  end()
  return lines
}

/** The font size of most of the letters, rounded to half a point. Leader dots and digits do not count. */
export function usualHeight(texts: readonly { readonly text: string; readonly height: number }[]): number {
  const letters = new Map<number, number>()
  for (const { text, height } of texts) {
    const size = Math.round(height * 2) / 2
    letters.set(size, (letters.get(size) ?? 0) + (text.match(/\p{L}/gu)?.length ?? 0))
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
