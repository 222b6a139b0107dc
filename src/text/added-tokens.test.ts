import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AddedToken, AddedTokenFinder } from './added-tokens.ts'

const added = (content: string, id: number): readonly [string, AddedToken] => [
  content,
  { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
]

it('finds what an alternation of the tokens, longest first, matches', () => {
  const unit = fc.constantFrom('a', 'b', ']', '^', '-', '\\', '\ud83d', '\ude00', '\u2028')
  const text = fc.array(unit, { minLength: 1, maxLength: 5 }).map((units) => units.join(''))
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1 }), fc.array(unit), (contents, units) => {
      const longestFirst = [...contents].sort((a, b) => b.length - a.length)
      const escaped = longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      const pattern = new RegExp(escaped.join('|'), 'g')
      const found = new AddedTokenFinder(contents.map(added)).find(units.join(''))
      expect(found.map(({ token, start }) => [token.content, start])).toEqual(
        [...units.join('').matchAll(pattern)].map(({ 0: content, index }) => [content, index]),
      )
    }),
  )
})

it('looks for 100,000 tokens in about the time of one', () => {
  const finder = new AddedTokenFinder(Array.from({ length: 100_000 }, (_, i) => added(`w${i}.`, i)))
  const before = process.cpuUsage()
  expect(finder.find('w7 w99999. '.repeat(10_000))).toHaveLength(10_000)
  expect(process.cpuUsage(before).user).toBeLessThan(1_000_000)
})
