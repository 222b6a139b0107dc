/**
 * Number of terminal columns that a text takes: 2 for East Asian wide characters and emoji, 0 for combining marks, 1
 * for everything else (Unicode Standard Annex 11, approximated by blocks).
 */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

/** Pads a text with spaces to a width in terminal columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const room = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'left' ? text + room : room + text
}

/** Wraps a text between words to lines of at most `width` columns. A longer word gets its own line. */
export function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1]
    if (line && textWidth(line) + 1 + textWidth(word) > width) lines.push(word)
    else lines[lines.length - 1] = line ? `${line} ${word}` : word
  }
  return lines
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const nothing = /^[\p{Mark}\p{Control}\p{Format}]+$/u
const emoji = /\p{Emoji_Presentation}|\ufe0f/u
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u

function graphemeWidth(grapheme: string): number {
  if (nothing.test(grapheme)) return 0
  return emoji.test(grapheme) || wide.test(grapheme) ? 2 : 1
}
