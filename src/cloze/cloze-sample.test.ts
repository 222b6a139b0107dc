import { describe, expect, it } from 'vitest'
import { recurringText } from '../../tests/recurring-text.ts'
import type { ClozeExample } from './cloze-examples.ts'
import { clozeExamples } from './cloze-examples.ts'
import { ClozeSample, type ClozeSampleOptions } from './cloze-sample.ts'

const OPTIONS: ClozeSampleOptions = { seed: 1, max_examples: 1000, held_out: 0.1 }

const documents = Array.from({ length: 40 }, (_, i) => ({
  name: `doc-${i}`,
  examples: [...clozeExamples(recurringText(i).split('\n\n'), { seed: 1, style: 'cloze', mask: '[MASK]' })].flatMap(
    ({ examples }) => examples,
  ),
}))

function chosenFrom(given: typeof documents, options: Partial<ClozeSampleOptions> = {}) {
  const sample = new ClozeSample({ ...OPTIONS, ...options })
  for (const { name, examples } of given) sample.add(name, name, examples)
  return sample.choose()
}

describe('ClozeSample', () => {
  it('chooses the same examples in any order of the documents, and others with another seed', () => {
    for (const max_examples of [1000, 50]) {
      const first = chosenFrom(documents, { max_examples })
      expect(chosenFrom(documents.toReversed(), { max_examples })).toEqual(first)
      expect(first.train.length + first.held_out.length).toBeLessThanOrEqual(max_examples)
      expect(chosenFrom(documents, { max_examples, seed: 2 })).not.toEqual(first)
    }
  })

  it('holds out whole documents', () => {
    const { train, held_out, held_out_by } = chosenFrom(documents)
    expect(held_out_by).toBe('document')
    const titles = new Set(train.map(({ title }) => title))
    expect(held_out.length).toBeGreaterThan(5)
    expect(held_out.some(({ title }) => titles.has(title))).toBe(false)
    expect(held_out.length / (train.length + held_out.length)).toBeCloseTo(0.1, 1)
    expect(chosenFrom(documents, { held_out: 0 }).held_out).toEqual([])
  })

  it('holds out passages of a single document, which occur in no question and no context of the others', () => {
    const [long] = [
      ...clozeExamples(
        Array.from({ length: 30 }, (_, i) => recurringText(i, 1)),
        { seed: 1, style: 'cloze', mask: '[MASK]' },
      ),
    ]
    const { train, held_out, held_out_by } = chosenFrom([{ name: 'one', examples: [...long.examples] }])
    expect(held_out_by).toBe('passage')
    const contexts = held_out.map(({ context }) => context)
    expect(contexts.length).toBeGreaterThan(0)
    for (const { context } of train) expect(contexts).not.toContain(context)

    // Each question is made from a sentence of the passage before its context.
    const ring = Array.from(
      { length: 40 },
      (_, i): ClozeExample => ({
        ...{ question: `${i}?`, context: `${i}`, answer: `${i}`, answer_start: 0, sentence: `${i}` },
        ...{ source: i, passage: (i + 1) % 40 },
      }),
    )
    const chosen = chosenFrom([{ name: 'ring', examples: ring }])
    const sources = chosen.held_out.map(({ context }) => (Number(context) + 1) % 40)
    expect(sources.length).toBeGreaterThan(2)
    for (const { context } of chosen.train) expect(sources).not.toContain(Number(context))
  })

  it('uses a question of several versions once, and leaves out boilerplate and answers that dominate', () => {
    const [{ examples }] = documents
    const copies = (n: number) => Array.from({ length: n }, (_, i) => ({ name: `copy-${i}`, examples }))
    expect(chosenFrom(copies(2), { held_out: 0 }).train).toHaveLength(examples.length)
    expect(chosenFrom(copies(5), { held_out: 0 })).toMatchObject({ train: [], repeated: examples.length })
    const same = Array.from(
      { length: 300 },
      (_, i): ClozeExample => ({ ...examples[0], question: `${i}?`, sentence: `${i}`, answer: 'Una Sol' }),
    )
    expect(chosenFrom([{ name: 'same', examples: same }], { held_out: 0 }).train).toHaveLength(5)
  })
})
