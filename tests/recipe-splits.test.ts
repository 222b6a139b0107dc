import { expect, test } from 'vitest'
import { recipeSplits } from '../benchmarks/recipes/splits.ts'
import { folded } from '../src/data/checks/repeats.ts'
import type { Example } from '../src/squad/types.ts'

/** Thirteen words that two different contexts may share. */
const sentence = (topic: string) => Array.from({ length: 13 }, (_, i) => `${topic}${i}`).join(' ')

const question = (source: string, i: number, context: string): Example => {
  const answers = [{ text: context.slice(0, 2), answer_start: 0 }]
  return { id: `${source}-${i}`, question: `what is ${source} ${i}`, context, answers }
}

/** Two questions for each context; every fourth context shares a sentence with the one before. */
const source = (name: string, count: number): Example[] =>
  Array.from({ length: count }, (_, i) => {
    const context = Math.floor(i / 2)
    const shared = context % 4 === 3 ? context - 1 : context
    return question(name, i, `${sentence(`${name}s${shared}x`)} and ${sentence(`${name}o${context}x`)}`)
  })

const near = source('a', 40)[20].context
const tests = {
  first: [question('t', 0, `new ${near.toUpperCase()}`)],
  second: [question('t', 1, sentence('other'))],
}
const sources = { a: source('a', 120), b: source('b', 60) }
const sizes = { seed: 42, set_aside: 10, set_aside_from: 'b', dev: 40 }
const { train, dev, set_aside, left_out } = recipeSplits(sources, tests, sizes)

/** Runs of 13 words, found without the code that makes the splits. */
const runsOf = (examples: readonly Example[]): Set<string> =>
  new Set(
    examples.flatMap(({ context }) => {
      const words = folded(context).split(/[^\p{L}\p{N}]+/u)
      return words.slice(12).map((_, i) => words.slice(i, i + 13).join(' '))
    }),
  )

test('no run of 13 words is in two of train, dev and the questions for the final table', () => {
  const parts = [train, dev].map((part) => runsOf(Object.values(part).flat()))
  parts.push(runsOf([...set_aside, ...Object.values(tests).flat()]))
  for (const [i, part] of parts.entries())
    for (const other of parts.slice(i + 1)) expect([...part].filter((run) => other.has(run))).toEqual([])
})

test('each source has its part of dev, whole contexts are set aside, and every question is in one place', () => {
  expect(dev.a.length).toBeGreaterThan(dev.b.length)
  expect(dev.b.length).toBeGreaterThan(0)
  expect(set_aside).toHaveLength(10)
  const ids = [...Object.values(train), ...Object.values(dev), set_aside].flat().map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length + left_out.a + left_out.b).toBe(180)
  expect(left_out.a).toBeGreaterThan(0)
})

test('the splits depend on nothing but the seed', () => {
  expect(recipeSplits(sources, tests, sizes)).toEqual({ train, dev, set_aside, left_out })
  expect(recipeSplits(sources, tests, { ...sizes, seed: 43 }).set_aside).not.toEqual(set_aside)
})
