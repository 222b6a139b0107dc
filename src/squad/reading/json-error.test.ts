import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonErrorPosition } from './json-error.ts'

const WRONG = '\u0001'

it('A truncated document is reported as such', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.jsonValue().map((value) => JSON.stringify([value], null, 1)),
      ),
      fc.nat(),
      (json, at) => {
        const cut = json.slice(0, at % json.length)
        expect(jsonErrorPosition(cut)).toBe(cut.length)
      },
    ),
  )
})

it('A control character between tokens or in a string is found at its position', () => {
  const documents = fc.jsonValue().map((value) => JSON.stringify([value, 'text'], null, 1))
  fc.assert(
    fc.property(documents, fc.nat(), (json, at) => {
      const places = [...json.matchAll(/[\s\]},:]|(?<=")text/g)].map(({ index }) => index)
      const place = places[at % places.length]
      const broken = json.slice(0, place) + WRONG + json.slice(place)
      expect(jsonErrorPosition(broken)).toBe(place)
    }),
  )
})

it.each([
  ['[1, x]', 4],
  ['[1,]', 3],
  ['{"a" 1}', 5],
  ['{"a": 1,}', 8],
  ['{a: 1}', 1],
  ['[1] 2', 4],
  ['[01]', 1],
  ['["\\q and more"]', 2],
  ['[1}', 2],
  ["['a']", 1],
])('%s is invalid at position %i', (json, position) => {
  expect(() => JSON.parse(json)).toThrow()
  expect(jsonErrorPosition(json)).toBe(position)
})
