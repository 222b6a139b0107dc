import { describe, expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../../tests/fixture.ts'
import { readExamples } from '../../../tests/squad-reference.ts'
import { answerTokens, exactMatch, f1, normalizeAnswer, squadMetrics } from './metrics.ts'

interface Recorded {
  exact_match: number
  f1: number
  per_question: Record<string, { exact_match: number; f1: number }>
}
type RecordedByFile = Record<string, Recorded>

const examples = readExamples(fixture('postprocess/examples.json'))
const recorded = fixtureJson<Record<string, RecordedByFile>>('postprocess/metrics-v1.json')
const predictionsOf = (run: string) =>
  new Map(Object.entries(fixtureJson<Record<string, string>>(`postprocess/${run}/predictions.json`)))

describe.each(['v1', 'v1-real-tokens'])('squadMetrics of the predictions in %s', (run) => {
  test.each(['squad-v1.1-dev-xquad-en.json', 'mlqa-dev-en.json'])('are identical to the official ones: %s', (file) => {
    const result = squadMetrics(
      predictionsOf(run),
      examples.filter((example) => example.file === file),
    )
    expect(result.exact_match).toBe(recorded[run][file].exact_match)
    expect(result.f1).toBe(recorded[run][file].f1)
    const byId = result.per_question.map(({ id, exact_match, f1 }) => [id, { exact_match, f1 }])
    expect(Object.fromEntries(byId)).toEqual(recorded[run][file].per_question)
    expect(result.missing).toEqual([])
  })

  test('count a missing prediction as 0 and report it', () => {
    const predictions = new Map([...predictionsOf(run)].slice(0, -20))
    const { exact_match, f1, missing } = squadMetrics(predictions, examples)
    expect({ exact_match, f1 }).toEqual(recorded[run]['all, last 20 predictions missing'])
    expect(missing).toEqual([...predictionsOf(run).keys()].slice(-20))
  })
})

test('a word counts as often as it occurs in both texts', () => {
  expect(f1('x x y', 'x y y')).toBeCloseTo(2 / 3, 15)
  expect(f1('x x', 'x')).toBeCloseTo(2 / 3, 15)
})

test('two texts without words match exactly and have F1 0, as in the official v1.1 script', () => {
  expect(exactMatch('the', 'a!')).toBe(1)
  expect(f1('the', 'a!')).toBe(0)
})

test('a question without answers is rejected with a remedy', () => {
  const question = { id: 'q7', question: '?', context: 'x', answers: [] }
  expect(() => squadMetrics(new Map([['q7', 'x']]), [question])).toThrow(
    /q7 has no answers.*\n.*version_2_with_negative/,
  )
})

test('an empty list of questions is rejected', () => {
  expect(() => squadMetrics(new Map(), [])).toThrow(/no questions/)
})

// Each right-hand side is the result of the official script's normalize_answer in Python 3.11.
const normalizations: [text: string, normalized: string][] = [
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

test.each(normalizations)('normalizes %j as the official script does', (text, normalized) => {
  expect(normalizeAnswer(text)).toBe(normalized)
})

test('text of nothing but articles and punctuation has no tokens', () => {
  expect(answerTokens(' The, a... "an" ')).toEqual([])
})
