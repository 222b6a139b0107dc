/** Lines of a PDF that are no text of the document: headers and footers of pages, page numbers, lists of contents. */
import { HEADING_RATIO, type PageLine, usualHeight } from './pdf-lines.ts'

/** Number of lines at the top and the bottom of a page that can be a header or footer. */
const EDGE = 3
/** Number of pages on which a header or footer occurs at least. */
const PAGES = 3

/** Leaves out headers, footers, page numbers and the entries of lists of contents and indexes. */
export function withoutFurniture(pages: readonly (readonly PageLine[])[]): (readonly PageLine[])[] {
  const isFurniture = furnitureOf(pages)
  const kept = pages.map((lines, page) => {
    const furniture = new Set<PageLine>()
    for (const edge of edgesOf(lines))
      for (const line of edge) {
        if (!isFurniture(line, page)) break
        furniture.add(line)
      }
    return withoutContents(lines.filter((line) => !furniture.has(line)))
  })
  // If all pages are the same, they are not furniture.
  return kept.some((lines) => lines.length > 0) ? kept : [...pages]
}

/** The lines at the top and at the bottom of a page, outermost first. */
function edgesOf(lines: readonly PageLine[]): PageLine[][] {
  const fromTop = [...lines].sort((a, b) => b.y - a.y)
  return [fromTop.slice(0, EDGE), fromTop.slice(-EDGE).reverse()]
}

/**
 * Furniture is at the same height of several pages: the same words, apart from numbers; a line with the number of the
 * page; or, on most pages, a line with a gap, such as the title of the section. Lines in a large font are titles.
 */
function furnitureOf(pages: readonly (readonly PageLine[])[]): (line: PageLine, page: number) => boolean {
  const usual = usualHeight(pages.flat())
  const edges = pages.flatMap((lines, page) =>
    [...new Set(edgesOf(lines).flat())]
      .filter(({ height }) => height <= HEADING_RATIO * usual)
      .map((line) => ({ line, page })),
  )
  const words = pagesBy(edges.map(({ line, page }) => [wordsAt(line), page]))
  const offsets = pagesBy(
    edges.flatMap(({ line, page }) => numbersOf(line).map((number) => [number - page, page] as const)),
  )
  const [offset] = [...offsets].reduce(
    (most, one) => (one[1].size > most[1].size ? one : most),
    [Number.NaN, new Set()],
  )
  const isNumbered = (line: PageLine, page: number) => numbersOf(line).includes(page + offset) || isRoman(line)
  const numbered = pagesBy(
    edges.filter(({ line, page }) => isNumbered(line, page)).map(({ line, page }) => [heightOf(line), page]),
  )
  const apart = pagesBy(
    pages.flatMap((lines, page) => linesApart(lines).map((line) => [heightOf(line), page] as const)),
  )
  return (line, page) => {
    if (line.height > HEADING_RATIO * usual) return false
    const height = heightOf(line)
    const isApart = apart.get(height)?.has(page) && apart.get(height)!.size > pages.length / 2
    return (
      (words.get(wordsAt(line))?.size ?? 0) >= PAGES ||
      (isNumbered(line, page) && numbered.get(height)!.size >= PAGES) ||
      (isApart === true && apart.get(height)!.size >= PAGES)
    )
  }
}

/**
 * The uppermost and the lowest line, if there is a gap of more than a line between them and the rest. On a page with few
 * lines, they can be its text.
 */
function linesApart(lines: readonly PageLine[]): PageLine[] {
  if (lines.length <= EDGE) return []
  return edgesOf(lines).flatMap(([outer, inner]) =>
    inner && Math.abs(outer.y - inner.y) > 2.2 * Math.max(outer.height, inner.height) ? [outer] : [],
  )
}

const heightOf = ({ y }: PageLine): number => Math.round(y)

const isRoman = ({ text }: PageLine): boolean => /^[ivxlcdm]+$/i.test(text)

/** The words of a line and its height, without the differences that numbers make. */
const wordsAt = (line: PageLine): string =>
  `${heightOf(line)} ${isRoman(line) ? '#' : line.text.toLowerCase().replace(/\d+/g, '#')}`

/** Numbers at the start or end of a line, such as those in "Page 3 of 85". */
const numbersOf = ({ text }: PageLine): number[] =>
  [/^\W*(\d{1,4})\b/, /\b(\d{1,4})\W*$/, /(\d{1,4})\s*(?:of|von|de|\/)\s*\d+\W*$/i].flatMap((place) =>
    [place.exec(text)?.[1]].filter((found) => found !== undefined).map(Number),
  )

function pagesBy<K>(found: readonly (readonly [K, number])[]): Map<K, Set<number>> {
  const pages = new Map<K, Set<number>>()
  for (const [key, page] of found) pages.set(key, (pages.get(key) ?? new Set()).add(page))
  return pages
}

/** Dots that lead to page numbers. */
const LEADER = /(?:[.·…_]\s?){4,}\s*(?:\d[\d\s,–-]*|[ivxlcdm]+)$/i

/** Leaves out lines with leader dots and page numbers, and those of chapters between them. The text has the same headings. */
function withoutContents(lines: readonly PageLine[]): readonly PageLine[] {
  const rest = lines.filter(({ text }) => !LEADER.test(text))
  const isList = lines.length - rest.length >= Math.max(3, lines.length / 3)
  return isList ? rest.filter(({ text }) => !/\s\d+$/.test(text) && text.length > 2) : rest
}
