import type { DocumentPiece } from '../document.ts'

/** Decodes UTF-8, UTF-16 with a byte order mark, or else Windows-1252. @throws Error for a binary file */
export function decodedText(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes.subarray(0, 65_536).includes(0)) throw new Error('found a binary file, expected text')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Paragraphs of plain text, which are separated by empty lines. A text without them has a paragraph per line. */
export function* textPieces(text: string): Generator<DocumentPiece> {
  const lines = text.replace(/\r\n?/g, '\n')
  const separator = /\n[^\S\n]*\n/.test(lines) ? /\n[^\S\n]*\n\s*/ : /\n/
  for (const paragraph of lines.split(separator)) yield { text: paragraph }
}
