import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Example } from '../types.ts'
import { parseSquad, toSquadJson } from './squad-json.ts'

const paragraph = (context: string, answers: unknown, more = {}) => ({
  context,
  qas: [{ id: 'q1', question: 'who?', answers, ...more }],
})
const file = (...paragraphs: unknown[]) => JSON.stringify({ version: '1.1', data: [{ title: 'T', paragraphs }] })
const parse = (text: string) => () => parseSquad(text, 'train.json')
const paris = [{ text: 'Paris', answer_start: 3 }]

describe('parseSquad', () => {
  it('reads questions with title, context and answers', () => {
    expect(parseSquad(`\ufeff${file(paragraph('In Paris', paris))}`, 'train.json')).toEqual([
      { id: 'q1', title: 'T', question: 'who?', context: 'In Paris', answers: paris },
    ])
  })

  it('converts answer_start from code points to UTF-16', () => {
    const [{ answers }] = parseSquad(file(paragraph('😀 𠀀 Bob', [{ text: 'Bob', answer_start: 4 }])), 'train.json')
    expect(answers).toEqual([{ text: 'Bob', answer_start: 6 }])
  })

  it('reads an impossible question without answers', () => {
    expect(parseSquad(file(paragraph('x', [], { is_impossible: true })), 'dev.json')[0].answers).toEqual([])
  })

  it('reports where the file is truncated', () => {
    const cut = file(paragraph('In Paris', paris)).slice(0, -20)
    expect(parse(cut)).toThrow(
      new RegExp(
        `train.json: the file is truncated at line 1, character ${cut.length + 1} .*\n.*download the file again`,
      ),
    )
    expect(parse('{"data": ["abc')).toThrow(/truncated at line 1, character 15/)
  })

  it('reports where the file is not JSON', () => {
    expect(parse('{"data":\n [1, x]}')).toThrow(/train.json: not JSON at line 2, character 6 \(after .*1, "\)/)
  })

  it('reports that the file is empty or has no questions', () => {
    expect(parse(' \n')).toThrow(/train.json: the file is empty/)
    expect(parse('{"data": []}')).toThrow(/train.json: no questions/)
  })

  it('reports where the file has an unexpected structure', () => {
    expect(parse('[]')).toThrow(/train.json: no questions/)
    expect(parse('{"lines": 1}')).toThrow(/train.json: data is missing; expected an array/)
    expect(parse(file(paragraph('x', 5)))).toThrow(
      /data\[0\]\.paragraphs\[0\]\.qas\[0\]\.answers is 5; expected an object/,
    )
    expect(parse(file(paragraph('x', [{ text: 'x', answer_start: -1 }])))).toThrow(
      /data\[0\]\.paragraphs\[0\]\.qas\[0\]\.answers\[0\]\.answer_start is -1; expected an integer of at least 0/,
    )
    expect(parse(file(paragraph('x', [], { question: null })))).toThrow(/qas\[0\]\.question is null; expected a string/)
  })

  it('rejects an answer that is not at its position, and reports its actual position', () => {
    expect(parse(file(paragraph('😀 In Paris, Paris', [{ text: 'Paris', answer_start: 4 }])))).toThrow(
      'train.json: paragraph 1, question q1: answer "Paris" is not at character 4 of the context ' +
        '(found " Pari")\n  It is at character 5;',
    )
  })

  it('rejects an answer that is not in the context, or starts after its end', () => {
    expect(parse(file(paragraph('In Rome', paris)))).toThrow(/found "Rome"\)\n.*does not contain/)
    expect(parse(file(paragraph('😀', [{ text: 'x', answer_start: 9e15 }])))).toThrow(
      /not at character 9000000000000000/,
    )
  })

  it('rejects two questions with the same id', () => {
    expect(parse(file(paragraph('a', []), paragraph('b', [])))).toThrow(
      /paragraph 2, question q1: another question has/,
    )
  })
})

describe('toSquadJson', () => {
  it('writes any characters so that parseSquad reads them back', () => {
    const text = fc.string({ unit: 'grapheme' })
    const questions = fc.array(
      fc.record({
        title: fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
        before: text,
        answer: fc.option(fc.string({ unit: 'grapheme', minLength: 1 })),
        after: text,
      }),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(questions, (questions) => {
        const examples: Example[] = questions.map(({ title, before, answer, after }, i) => ({
          id: String(i),
          ...(title && { title }),
          question: `${i}?`,
          context: before + (answer ?? '') + after,
          answers: answer ? [{ text: answer, answer_start: before.length }] : [],
        }))
        expect(parseSquad(toSquadJson(examples), 'x.json')).toEqual(examples)
      }),
    )
  })

  it('groups questions with the same context into one paragraph', () => {
    const text = JSON.stringify({
      version: '1.1',
      data: [
        {
          title: 'T',
          paragraphs: [
            { context: 'In Paris', qas: [1, 2].map((id) => ({ id: `${id}`, question: '?', answers: paris })) },
          ],
        },
      ],
    })
    expect(toSquadJson(parseSquad(text, 'x.json'))).toBe(text)
  })
})
