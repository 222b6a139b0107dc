import { isUtf8 } from 'node:buffer'

/** The first byte of a file that is not valid UTF-8, with its line as in an editor. */
export interface OddByte {
  readonly line: number
  /** Offset in the file, from 0. */
  readonly position: number
  readonly byte: number
}

/** Finds the first byte that is not valid UTF-8 or starts a character that is truncated at the end of the file. */
export async function firstOddByte(chunks: AsyncIterable<Uint8Array>): Promise<OddByte> {
  let [line, position] = [1, 0]
  let carried = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([carried, chunk])
    let at = 0
    for (let end = lengthAt(bytes, at); at < bytes.length && at + end <= bytes.length; end = lengthAt(bytes, at)) {
      if (!isUtf8(bytes.subarray(at, at + end))) return { line, position: position + at, byte: bytes[at] }
      if (bytes[at] === 0x0a) line++
      at += end
    }
    position += at
    carried = bytes.subarray(at)
  }
  return { line, position, byte: carried[0] }
}

/** Length in bytes of the character at a position, from its first byte; 1 for an invalid first byte. */
const lengthAt = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at]
  return first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? (first < 0xf0 ? 3 : 1) : first >= 0xc0 ? 2 : 1
}
