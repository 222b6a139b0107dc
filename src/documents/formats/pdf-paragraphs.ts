/** Reconstructs the paragraphs of a PDF from the lines of its pages. */
import type { PageStart } from '../document.ts'
import { withoutFurniture } from './pdf-furniture.ts'
import type { PageLine } from './pdf-lines.ts'

export interface Paragraph {
  readonly text: string
  /** Font size of its first line in points. */
  readonly height: number
  readonly pages: readonly PageStart[]
}

/** Joins lines to paragraphs, also across pages, removes hyphenation, and leaves out headers and footers. */
export function paragraphsOf(pages: readonly (readonly PageLine[])[]): Paragraph[] {
  const paragraphs: { text: string; height: number; pages: PageStart[] }[] = []
  let previous: PageLine | undefined
  const kept = withoutFurniture(pages)
  const distances = distancesByHeight(kept)
  for (const [index, lines] of kept.entries()) {
    const onPage = usualDistance(distancesOf(lines))
    const columns = columnEnds(lines)
    for (const [i, line] of lines.entries()) {
      const paragraph = paragraphs.at(-1)
      // Code has smaller distances, and a page may have more of it than of text in the same font size.
      const usual = Math.max(onPage, distances.get(Math.round(line.height)) ?? 0)
      const continues =
        previous &&
        (i === 0 ? continuesPage(previous, line) : !startsParagraph(previous, line, lines[i + 1], columns[i], usual))
      if (!continues || !paragraph) paragraphs.push({ text: line.text, height: line.height, pages: [[0, index + 1]] })
      else {
        paragraph.text = joined(paragraph.text, line.text)
        if (i === 0) paragraph.pages.push([paragraph.text.length - line.text.length, index + 1])
      }
      previous = line
    }
  }
  return paragraphs
}

/** The text of a PDF, with an empty line between paragraphs. */
export const textOfPages = (pages: readonly (readonly PageLine[])[]): string =>
  paragraphsOf(pages)
    .map(({ text }) => text)
    .join('\n\n')

const SENTENCE_END = /[.!?:]["'”’)]*$/
const BULLET = /^[•◦▪‣●○■□✓➢]/
const ITEM = /^(?:[–—*-]|\(?(?:\d{1,2}|[a-z]|[ivx]+)[.)])\s/

function startsParagraph(
  last: PageLine,
  line: PageLine,
  next: PageLine | undefined,
  column: number,
  usual: number,
): boolean {
  const distance = last.y - line.y
  // A line further up starts a new column, which may continue a sentence.
  if (distance < 0) return SENTENCE_END.test(last.text)
  if (distance > 1.4 * usual || differInHeight(last, line) || BULLET.test(line.text)) return true
  const em = line.height
  if (
    ITEM.test(line.text) &&
    (/:$/.test(last.text) || (SENTENCE_END.test(last.text) && Math.abs(line.x - last.x) > em / 2))
  )
    return true
  // Whether the line was broken although there was room for the next word.
  const word = (line.text.split(' ', 1)[0].length + 1) * ((line.right - line.x) / line.text.length)
  if (last.right + word + em > column) return false
  if (ITEM.test(line.text)) return true
  const isCentered = Math.abs(last.x + last.right - line.x - line.right) < em
  const isFirst = line.x > last.x + em / 2 && next !== undefined && next.x < line.x - em / 2
  return !isCentered && (isFirst || line.x < last.x - em / 2)
}

const differInHeight = (a: PageLine, b: PageLine): boolean =>
  Math.abs(a.height - b.height) > 0.2 * Math.max(a.height, b.height)

/** Whether the first line of a page continues the sentence of the page before. */
const continuesPage = (last: PageLine, line: PageLine): boolean =>
  !differInHeight(last, line) &&
  !SENTENCE_END.test(last.text) &&
  !BULLET.test(line.text) &&
  !ITEM.test(line.text) &&
  (/^\p{Ll}/u.test(line.text) || /[,;\u00ad-]$/.test(last.text))

const ADDRESS = /(?:\b(?:https?|ftp):\/\/|\bwww\.)\S*$/

function joined(text: string, line: string): string {
  if (isBrokenAddress(text, line)) return text + line
  if (/\p{L}[-\u00ad\u2010]$/u.test(text) && /^\p{Ll}/u.test(line)) return text.slice(0, -1) + line
  const isUnbroken =
    /[\p{L}\p{N}][-\u00ad\u2010\u2011–]$/u.test(text) || (EAST_ASIAN_END.test(text) && EAST_ASIAN.test(line))
  return isUnbroken ? text + line : `${text} ${line}`
}

/** Writing without spaces between words, and its punctuation. */
const EAST_ASIAN = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3001-\u301f\uff01-\uff5e]/u
const EAST_ASIAN_END = new RegExp(`${EAST_ASIAN.source.slice(1)}$`, 'u')

/** Whether a web address continues in the next line. After a complete one, a sentence begins or continues. */
function isBrokenAddress(text: string, line: string): boolean {
  if (/\bhttps?:(?:\/\/)?$/.test(text)) return true
  if (!ADDRESS.test(text)) return false
  const [word] = line.split(' ', 1)
  return (/\.$/.test(text) && /^[\p{Ll}\d]/u.test(word)) || (/[/_=?&#%~-]$/.test(text) && /[/_?=#]|\.\w/.test(word))
}

/** The usual distance of lines in each font size, in all pages. */
function distancesByHeight(pages: readonly (readonly PageLine[])[]): Map<number, number> {
  const found = new Map<number, number[]>()
  for (const lines of pages)
    for (const [i, distance] of distancesOf(lines).entries()) {
      const height = Math.round(lines[i].height)
      if (height === Math.round(lines[i + 1].height))
        (found.get(height) ?? found.set(height, []).get(height)!).push(distance)
    }
  return new Map([...found].map(([height, distances]) => [height, usualDistance(distances)]))
}

const distancesOf = (lines: readonly PageLine[]): number[] => lines.slice(1).map(({ y }, i) => lines[i].y - y)

/** The lower median, since most lines are followed by another one of the same paragraph. */
function usualDistance(distances: readonly number[]): number {
  const down = distances.filter((distance) => distance > 0).sort((a, b) => a - b)
  return down[(down.length - 1) >> 1] ?? 0
}

/** The right end of the column of each line. A line further up than the one before starts a column. */
function columnEnds(lines: readonly PageLine[]): number[] {
  const ends: number[] = []
  for (let from = 0; from < lines.length; from = ends.length) {
    let to = from + 1
    while (to < lines.length && lines[to].y <= lines[to - 1].y) to++
    const end = Math.max(...lines.slice(from, to).map(({ right }) => right))
    while (ends.length < to) ends.push(end)
  }
  return ends
}
