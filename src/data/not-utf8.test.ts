import { expect, test } from 'vitest'
import { firstOddByte } from './not-utf8.ts'

/** Cut everywhere: characters lie across the cuts. */
async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const odd = (bytes: Buffer, size: number) => firstOddByte(inPieces(bytes, size))

test.each([1, 2, 3, 5, 100])('the place of a byte is that of an editor, read in pieces of %i', async (size) => {
  const [good, bad] = [Buffer.from('é\n€ 😀\nxy'), Buffer.from('café\n', 'latin1')]
  const position = good.length + 3
  expect(await odd(Buffer.concat([good, bad]), size)).toEqual({ line: 3, position, byte: 0xe9 })
  expect(await odd(Buffer.from([0x61, 0x0a, 0xff]), size)).toEqual({ line: 2, position: 2, byte: 0xff })
  expect(await odd(Buffer.from([0x61, 0x80, 0x61]), size)).toEqual({ line: 1, position: 1, byte: 0x80 })
})

test('a file that ends within a character has its first byte told', async () => {
  expect(await odd(Buffer.from('ab€').subarray(0, 4), 2)).toEqual({ line: 1, position: 2, byte: 0xe2 })
})
