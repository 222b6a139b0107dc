/** A block of about a page. The browser lays out blocks only when they come into view. */
export interface PageBlock {
  readonly start: number
  readonly end: number
}

const MIN_LENGTH = 1000
const MAX_LENGTH = 3000

/** Splits text into blocks after line breaks, sentences or words, but never inside a character. */
export function pageBlocks(text: string): PageBlock[] {
  const blocks: PageBlock[] = []
  for (let start = 0; start < text.length; ) {
    const end =
      start + MAX_LENGTH >= text.length && !text.slice(start + MIN_LENGTH).includes('\n')
        ? text.length
        : cut(text, start)
    blocks.push({ start, end })
    start = end
  }
  return blocks
}

function cut(text: string, start: number): number {
  const from = start + MIN_LENGTH
  const to = Math.min(start + MAX_LENGTH, text.length)
  const line = text.indexOf('\n', from)
  if (line >= 0 && line < to) return afterBlank(text, line)
  if (to === text.length) return to
  const part = text.slice(from, to)
  for (const border of [/[.!?。！？]["'”’)\]]*\s+(?=\S)/g, /\s+(?=\S)/g]) {
    const last = [...part.matchAll(border)].at(-1)
    if (last) return from + last.index + last[0].length
  }
  return isLow(text.charCodeAt(to)) ? to - 1 : to
}

/** Includes the following empty lines, so that blocks do not start with one. */
function afterBlank(text: string, line: number): number {
  let end = line + 1
  while (text[end] === '\n' && end - line < MAX_LENGTH) end++
  return end
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** The index of the block that contains a character, or of the last block for the end of the text. */
export function blockAt(blocks: readonly PageBlock[], index: number): number {
  let low = 0
  for (let high = blocks.length - 1; low < high; ) {
    const middle = (low + high) >> 1
    if (blocks[middle].end <= index) low = middle + 1
    else high = middle
  }
  return low
}
