import { describe, expect, it } from 'vitest'
import type { Example } from '../squad/types.ts'
import { mergeExamples, sampleExamples, splitExamples } from './parts.ts'

/** 200 questions, two per context and eight per article. */
const EXAMPLES: Example[] = Array.from({ length: 200 }, (_, i) => ({
  id: `${i}`,
  title: `T${Math.floor(i / 8)}`,
  question: `${i}?`,
  context: `Context ${Math.floor(i / 2)}`,
  answers: [],
}))
const untitled = EXAMPLES.map(({ title: _, ...example }) => example)
const ids = (examples: readonly Example[]) => examples.map(({ id }) => id)
const shared = (parts: readonly (readonly Example[])[], of: (example: Example) => unknown) => {
  const [a, b] = parts.map((part) => new Set(part.map(of)))
  return [...a].filter((value) => b.has(value))
}

describe('splitting', () => {
  it('keeps articles together and the order of the file', () => {
    const { by, parts } = splitExamples(EXAMPLES, { seed: 1, shares: [0.2, 0.1] })
    expect(by).toBe('article')
    expect(parts.map((part) => part.length)).toEqual([144, 40, 16])
    expect(shared(parts, ({ title }) => title)).toEqual([])
    for (const part of parts) expect(ids(part)).toEqual(ids(part).sort((a, b) => Number(a) - Number(b)))
    expect(new Set(parts.flatMap(ids)).size).toBe(200)
  })

  it('keeps contexts together if there are no or too few articles', () => {
    for (const examples of [untitled, EXAMPLES.map((example) => ({ ...example, title: 'untitled' }))]) {
      const { by, parts } = splitExamples(examples, { seed: 1, shares: [0.1] })
      expect(by).toBe('context')
      expect(parts.map((part) => part.length)).toEqual([180, 20])
      expect(shared(parts, ({ context }) => context)).toEqual([])
    }
  })

  it('keeps articles together that share a context, regardless of whitespace', () => {
    const examples = EXAMPLES.map((example, i) => (i === 199 ? { ...example, context: 'CONTEXT  0' } : example))
    for (let seed = 0; seed < 20; seed++) {
      const { parts } = splitExamples(examples, { seed, shares: [0.3] })
      expect(parts.some((part) => ids(part).includes('0') && ids(part).includes('192'))).toBe(true)
    }
  })

  it('depends only on the seed', () => {
    const split = (seed: number) => ids(splitExamples(EXAMPLES, { seed, shares: [0.2] }).parts[1])
    expect(split(1)).toEqual(split(1))
    expect(split(1)).not.toEqual(split(2))
  })

  it('rejects shares that make a part empty', () => {
    const split =
      (examples: readonly Example[], ...shares: number[]) =>
      () =>
        splitExamples(examples, { seed: 1, shares })
    expect(split(EXAMPLES, 0.5, 0.5)).toThrow('shares: found 0.5 and 0.5, expected numbers above 0')
    expect(split(EXAMPLES, 0)).toThrow('shares: found 0, expected numbers above 0')
    expect(split(EXAMPLES.slice(0, 2), 0.1)).toThrow(
      /cannot split 2 questions into 2 parts of these sizes: found 1 context to distribute/,
    )
  })
})

describe('sampling', () => {
  it('draws the requested number in the order of the file, depending only on the seed', () => {
    const drawn = ids(sampleExamples(EXAMPLES, 50, 7))
    expect(new Set(drawn).size).toBe(50)
    expect(drawn).toEqual([...drawn].sort((a, b) => Number(a) - Number(b)))
    expect(ids(sampleExamples(EXAMPLES, 50, 7))).toEqual(drawn)
    expect(ids(sampleExamples(EXAMPLES, 50, 8))).not.toEqual(drawn)
    expect(sampleExamples(EXAMPLES, 200, 1)).toEqual(EXAMPLES)
  })

  it('rejects a size larger than the data', () => {
    expect(() => sampleExamples(EXAMPLES, 201, 1)).toThrow('cannot draw 201 of 200 questions')
  })
})

describe('merging', () => {
  const bob = { text: 'Context', answer_start: 0 }
  it('removes duplicates, keeps different answers, and makes ids unique', () => {
    const [first, second] = EXAMPLES
    const { examples, repeated, renamed } = mergeExamples([
      [first, second],
      [
        { ...first, id: 'x', question: '0 ?' },
        { ...first, id: 'y' },
        { ...first, answers: [bob] },
        { ...second, id: '0', question: 'new' },
      ],
    ])
    expect(ids(examples)).toEqual(['0', '1', 'x', '0-2', '0-3'])
    expect(repeated).toBe(1)
    expect([...renamed]).toEqual([
      ['0-2', '0'],
      ['0-3', '0'],
    ])
  })
})
