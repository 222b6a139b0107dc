import type { DocumentPiece } from '../document.ts'

/**
 * Decodes UTF-8, UTF-16 with a byte order mark, or else the declared encoding or Windows-1252. A text in UTF-8 may have
 * some invalid bytes.
 * @throws Error for a binary file
 */
export function decodedText(bytes: Uint8Array, declared?: string): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes.subarray(0, 65_536).includes(0))
    throw new Error('found a binary file, expected text; if it is text, save it as UTF-8')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const text = new TextDecoder().decode(bytes)
    return isMostlyValid(text) ? text : decoderOf(declared).decode(bytes)
  }
}

/** Whether more characters outside ASCII could be decoded than not. In other encodings, nearly none can. */
function isMostlyValid(text: string): boolean {
  let balance = 0
  for (const [found] of text.matchAll(/[^\0-\x7f]/gu)) balance += found === '\ufffd' ? -1 : 1
  return balance > 0
}

function decoderOf(encoding = 'windows-1252'): TextDecoder {
  try {
    return new TextDecoder(encoding)
  } catch {
    return new TextDecoder('windows-1252')
  }
}

/** The encoding that an HTML document declares in its first kilobyte. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  return /<(?:meta\b[^>]*\bcharset|\?xml\b[^>]*\bencoding)\s*=\s*["']?([\w:.-]+)/i.exec(start)?.[1]
}

/** Paragraphs of plain text, which are separated by empty lines. A text without them has a paragraph per line. */
export function* textPieces(text: string): Generator<DocumentPiece> {
  const lines = withoutPageBreaks(text.replace(/\r\n?/g, '\n'))
  const separator = /\n[^\S\n]*\n/.test(lines) ? /\n[^\S\n]*\n\s*/ : /\n/
  for (const paragraph of lines.split(separator)) yield { text: paragraph }
}

/** A line is a header or footer if it recurs on this many pages. */
const PAGES = 3

/** Joins pages that form feeds separate, without their headers and footers, as in texts for line printers. */
function withoutPageBreaks(text: string): string {
  if (!text.includes('\f')) return text
  const pages = text.split('\f').map((page) => page.trim().split('\n'))
  const counts = new Map<string, number>()
  for (const lines of pages)
    for (const line of new Set([lines[0], lines.at(-1)!].map(wordsOf))) counts.set(line, (counts.get(line) ?? 0) + 1)
  const isFurniture = (line = '') => (counts.get(wordsOf(line)) ?? 0) >= PAGES
  return pages
    .map((lines) => {
      const kept = lines.slice(Number(isFurniture(lines[0])))
      return kept
        .slice(0, isFurniture(kept.at(-1)) ? -1 : undefined)
        .join('\n')
        .trim()
    })
    .join('\n\n')
}

/** Number of characters by which headers and footers are compared, because a file can be a single long line. */
const MAX_FURNITURE = 200

/** The words of a line, without the differences that numbers make. */
const wordsOf = (line: string): string => line.slice(0, MAX_FURNITURE).replace(/\d+/g, '#').replace(/\s+/g, ' ').trim()
