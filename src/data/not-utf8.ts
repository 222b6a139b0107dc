import { isUtf8 } from 'node:buffer'

/** Where bytes stop being UTF-8, as an editor tells it, and the byte that stands there. */
export interface OddByte {
  readonly line: number
  /** In the file, from 0. */
  readonly position: number
  readonly byte: number
}

/** The first byte that is no UTF-8, or begins a character that the file does not end. */
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

/** Bytes of the character that begins there, as its first one tells; 1 where that begins none. */
const lengthAt = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at]
  return first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 ? (first < 0xf0 ? 3 : 1) : first >= 0xc0 ? 2 : 1
}
