import { expect, test } from 'vitest'
import { evenlySpaced, inLongTexts } from './long-texts.ts'
import type { Example } from './types.ts'

const examples = Array.from({ length: 40 }, (_, i): Example => {
  const context = `paragraph ${Math.floor(i / 2)} says ${i}`.slice(0, -`${i}`.length) + Math.floor(i / 2)
  return { id: `${i}`, question: '?', context, answers: [{ text: 'says', answer_start: context.indexOf('says') }] }
})

test('a question is asked about its own paragraph and the eight nearest others', () => {
  const indices = evenlySpaced(40, 18)
  for (const { index, example } of inLongTexts(examples, indices)) {
    const paragraphs = example.context.split('\n\n')
    expect(new Set(paragraphs).size).toBe(9)
    expect(paragraphs).toContain(examples[index].context)
    const [{ text, answer_start }] = example.answers
    expect(example.context.slice(answer_start, answer_start + text.length)).toBe(text)
    const before = example.context.slice(0, answer_start)
    expect(before.split('\n\n')).toHaveLength(paragraphs.indexOf(examples[index].context) + 1)
    expect(before.endsWith(examples[index].context.slice(0, examples[index].answers[0].answer_start))).toBe(true)
  }
})

test('the position of its own paragraph varies', () => {
  const middle = Array.from({ length: 9 }, (_, i) => 18 + (i % 2))
  const places = inLongTexts(examples, middle).map(({ index, example }) =>
    example.context.split('\n\n').indexOf(examples[index].context),
  )
  expect(places).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test('there are no longer texts if all questions are about the same text', () => {
  expect(inLongTexts(examples.slice(0, 2), [0, 1])).toEqual([])
})

test('evenly spaced numbers start with the first one and never exceed the total', () => {
  expect(evenlySpaced(10, 4)).toEqual([0, 2, 5, 7])
  expect(evenlySpaced(3, 5)).toEqual([0, 1, 2])
})
