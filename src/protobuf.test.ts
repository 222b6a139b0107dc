import { expect, test } from 'vitest'
import {
  bytesField,
  chunks,
  concatFields,
  doubleField,
  type Encoded,
  floatField,
  integerField,
  messageField,
  textField,
  toBytes,
} from './protobuf.ts'

const hex = (encoded: Encoded) => Buffer.from(toBytes(encoded)).toString('hex')

// The first three are examples from protobuf's encoding guide.
test.each<[string, Encoded, string]>([
  ['an integer', integerField(1, 150), '089601'],
  ['a text', textField(2, 'testing'), '120774657374696e67'],
  ['a message in a message', messageField(3, integerField(1, 150)), '1a03089601'],
  ['a negative integer', integerField(1, -2), '08feffffffffffffffff01'],
  ['zero', integerField(1, 0), '0800'],
  ['an integer above 2^53', integerField(1, 2n ** 63n - 1n), '08ffffffffffffffff7f'],
  ['a field above 15', integerField(20, 1), 'a00101'],
  ['a float', floatField(2, 1), '150000803f'],
  ['a double', doubleField(1, 1), '09000000000000f03f'],
  ['an empty message', messageField(1), '0a00'],
  ['text outside ASCII', textField(1, 'é'), '0a02c3a9'],
])('encodes %s as specified', (_name, encoded, expected) => {
  expect(hex(encoded)).toBe(expected)
})

test('encodes the length of a body of more than 127 bytes in two bytes', () => {
  const encoded = bytesField(1, new Uint8Array(300).fill(7))
  expect(encoded.size).toBe(303)
  expect(hex(encoded).slice(0, 8)).toBe('0aac0207')
})

test('references large parts without copying, at any depth, and merges small ones', () => {
  const weights = new Uint8Array(2000)
  const model = concatFields([
    integerField(1, 9),
    messageField(7, messageField(5, textField(8, 'w'), bytesField(9, weights))),
  ])
  expect([...chunks(model)].filter((chunk) => chunk.buffer === weights.buffer)).toEqual([weights])
  expect([...chunks(model)].reduce((total, { length }) => total + length, 0)).toBe(model.size)
})
