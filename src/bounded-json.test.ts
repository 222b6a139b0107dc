import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonBoundsError, parseBoundedJson } from './bounded-json.ts'

it('parses the same texts as JSON.parse', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      expect(parseBoundedJson(text)).toEqual(JSON.parse(text))
    }),
  )
  expect(() => parseBoundedJson('{"a": ')).toThrow(SyntaxError)
  expect(() => parseBoundedJson('"\\')).toThrow(SyntaxError)
})

it('counts brackets outside strings', () => {
  const bounds = { depth: 2 }
  expect(parseBoundedJson('[["[[[["]]', bounds)).toEqual([['[[[[']])
  expect(parseBoundedJson('["\\"[[[[", "\\\\", []]', bounds)).toEqual(['"[[[[', '\\', []])
  expect(() => parseBoundedJson('["\\\\", [[]]]', bounds)).toThrow('nested deeper than 2 levels')
  expect(() => parseBoundedJson('['.repeat(200_000))).toThrow(JsonBoundsError)
})

it('counts values before parsing', () => {
  expect(parseBoundedJson('{"a": [1, 2], "b": "1,2,3,4,5"}', { values: 4 })).toBeDefined()
  expect(() => parseBoundedJson('[1,2,3,4,5', { values: 4 })).toThrow('more than 4 values')
})

it('counts fields, ignoring colons in strings', () => {
  expect(parseBoundedJson('{"a:b": {"c": ":::"}}', { fields: 2 })).toBeDefined()
  expect(() => parseBoundedJson('{"a": {"b": {"c": 1}}}', { fields: 2 })).toThrow('more than 2 fields')
})
