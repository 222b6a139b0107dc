import { expect, test } from 'vitest'
import { answerTokens, normalizeAnswer } from './normalize-answer.ts'

// Each right-hand side is the result of the official script's normalize_answer in Python 3.11.
const recorded: [text: string, normalized: string][] = [
  ['The  Cat, an Ox & a Hen!', 'cat ox hen'],
  ['the', ''],
  ['«The» “a” –an–', '« » “ ” – –'],
  ['a\u0301 the\u0301', '\u0301 \u0301'],
  ['theÿ ÿa a1 1an ½the', 'theÿ ÿa a1 1an ½the'],
  ['ΟΔΟΣ İSTANBUL Straße', 'οδος i̇stanbul straße'],
  ['one\u001ctwo\u0085three\u00a0four\u3000five', 'one two three four five'],
  ['zero\u200bwidth \ufeffmark', 'zero\u200bwidth \ufeffmark'],
  ["it's 1,000.50 a-the_b", 'its 100050 atheb'],
  ['😀 the 😀a', '😀 😀'],
]

test.each(recorded)('normalizes %j as the official script does', (text, normalized) => {
  expect(normalizeAnswer(text)).toBe(normalized)
})

test('text of nothing but articles and punctuation has no tokens', () => {
  expect(answerTokens(' The, a... "an" ')).toEqual([])
})
