import { expect, test } from 'vitest'
import { firstOddByte } from './not-utf8.ts'

/** Splits bytes into chunks of a fixed size, so that characters may span chunks. */
async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const odd = (bytes: Buffer, size: number) => firstOddByte(inPieces(bytes, size))

test.each([1, 2, 3, 5, 100])('finds line and offset of an invalid byte in chunks of %i bytes', async (size) => {
  const [good, bad] = [Buffer.from('é\n€ 😀\nxy'), Buffer.from('café\n', 'latin1')]
  const position = good.length + 3
  expect(await odd(Buffer.concat([good, bad]), size)).toEqual({ line: 3, position, byte: 0xe9 })
  expect(await odd(Buffer.from([0x61, 0x0a, 0xff]), size)).toEqual({ line: 2, position: 2, byte: 0xff })
  expect(await odd(Buffer.from([0x61, 0x80, 0x61]), size)).toEqual({ line: 1, position: 1, byte: 0x80 })
})

test('finds the first byte of a truncated character at the end of a file', async () => {
  expect(await odd(Buffer.from('ab€').subarray(0, 4), 2)).toEqual({ line: 1, position: 2, byte: 0xe2 })
})
