import { expect, test } from 'vitest'
import { bytes, chunks, concat, double, type Encoded, float, integer, message, text, toBytes } from './protobuf.ts'

const hex = (encoded: Encoded) => Buffer.from(toBytes(encoded)).toString('hex')

// The first three are the examples of protobuf's own description of its encoding.
test.each<[string, Encoded, string]>([
  ['an integer', integer(1, 150), '089601'],
  ['a text', text(2, 'testing'), '120774657374696e67'],
  ['a message in a message', message(3, integer(1, 150)), '1a03089601'],
  ['a negative integer', integer(1, -2), '08feffffffffffffffff01'],
  ['zero', integer(1, 0), '0800'],
  ['an integer above 2^53', integer(1, 2n ** 63n - 1n), '08ffffffffffffffff7f'],
  ['a field above 15', integer(20, 1), 'a00101'],
  ['a float', float(2, 1), '150000803f'],
  ['a double', double(1, 1), '09000000000000f03f'],
  ['an empty message', message(1), '0a00'],
  ['text outside ASCII', text(1, 'é'), '0a02c3a9'],
])('%s is encoded as protobuf has it', (_name, encoded, expected) => {
  expect(hex(encoded)).toBe(expected)
})

test('the length of a body of more than 127 bytes takes two bytes', () => {
  const encoded = bytes(1, new Uint8Array(300).fill(7))
  expect(encoded.size).toBe(303)
  expect(hex(encoded).slice(0, 8)).toBe('0aac0207')
})

test('bytes are referred to, not copied, at any depth', () => {
  const weights = new Uint8Array(1000)
  const model = concat([integer(1, 9), message(7, message(5, text(8, 'w'), bytes(9, weights)))])
  expect([...chunks(model)].filter((chunk) => chunk.buffer === weights.buffer)).toEqual([weights])
  expect([...chunks(model)].reduce((total, { length }) => total + length, 0)).toBe(model.size)
})
