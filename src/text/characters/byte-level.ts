/** The characters that represent bytes in byte-level vocabularies (GPT-2's table). Each is a single UTF-16 unit. */
import { type AlignedText, AlignedTextBuilder } from './aligned-text.ts'

/** The character for each byte: printable Latin-1 characters represent themselves, the other bytes use U+0100 onwards. */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters()

/** The character for a space in byte-level vocabularies. */
export const BYTE_SPACE = BYTE_CHARACTERS[0x20]

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]))

function byteCharacters(): string[] {
  let others = 0
  const isPrinted = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrinted(byte) ? byte : 0x100 + others++))
}

const encoder = new TextEncoder()

export const utf8Bytes = (text: string): Uint8Array => encoder.encode(text)

/** The token for a byte in vocabularies with byte fallback. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`

/** An optional space followed by characters that represent themselves, as in almost all English words. */
const PLAIN = /^ ?[!-~]*$/

/** Converts a text to one character per UTF-8 byte. */
export function toByteCharacters(text: string): string {
  if (PLAIN.test(text)) return text.startsWith(' ') ? BYTE_SPACE + text.slice(1) : text
  let written = ''
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) {
      for (const byte of encoder.encode(text.slice(at))) written += BYTE_CHARACTERS[byte]
      break
    }
    written += BYTE_CHARACTERS[code]
  }
  return written
}

/** Converts `[from, to)` of an aligned text to one character per byte. Each byte has the position of its character. */
export function alignedBytes(input: AlignedText, from: number, to: number): AlignedText {
  const output = new AlignedTextBuilder()
  for (let at = from; at < to; ) {
    const next = at + (input.text.codePointAt(at)! > 0xffff ? 2 : 1)
    output.push(toByteCharacters(input.text.slice(at, next)), input.starts[at], input.ends[next - 1])
    at = next
  }
  return output.finish()
}

/** Number of UTF-8 bytes of a code point. A lone surrogate is encoded as U+FFFD. */
export const utf8Length = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4

/** For each UTF-8 byte of a text, the UTF-16 indices at which its character starts and ends. */
export function bytePlaces(text: string): { readonly starts: Int32Array; readonly ends: Int32Array } {
  const starts = new Int32Array(3 * text.length)
  const ends = new Int32Array(3 * text.length)
  let byte = 0
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at)!
    const next = at + (codePoint > 0xffff ? 2 : 1)
    for (const end = byte + utf8Length(codePoint); byte < end; byte++) {
      starts[byte] = at
      ends[byte] = next
    }
    at = next
  }
  return { starts: starts.subarray(0, byte), ends: ends.subarray(0, byte) }
}

/**
 * Decodes tokens of byte-level characters to bytes. A token with any other character, such as an added token, is encoded
 * as UTF-8.
 */
export function bytesOfTokens(tokens: readonly string[]): Uint8Array {
  return Uint8Array.from(
    tokens.flatMap((token) => {
      const bytes = Array.from(token, (character) => BYTES.get(character))
      return bytes.includes(undefined) ? [...encoder.encode(token)] : (bytes as number[])
    }),
  )
}
