import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import type { DataProblem } from '../../squad/reading/data-problem.ts'
import { checkFile } from '../checks/check-file.ts'
import { eachQuestion } from '../each-question.ts'
import { readExamples } from '../read-examples.ts'

const file = (name: string, text: string): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, text)
  return path
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const TABLE = `question,context,answer,answer_start
who?,"😀 bo is in, says bo",in,
who?,"😀 bo is in, says bo",bo,17
where?,"bo is in",,
`

describe('a table with question, context and answer', () => {
  it('locates unique answers, treats empty ones as missing, and numbers the questions', async () => {
    const context = '😀 bo is in, says bo'
    const expected = [
      { id: 'q1', question: 'who?', context, answers: [{ text: 'in', answer_start: 9 }] },
      { id: 'q2', question: 'who?', context, answers: [{ text: 'bo', answer_start: 18 }] },
      { id: 'q3', question: 'where?', context: 'bo is in', answers: [] },
    ]
    expect(await readExamples(file('a.csv', TABLE))).toEqual(expected)
    expect(await readExamples(file('a.tsv', TABLE.replaceAll(/,(?! )/g, '\t')))).toEqual(expected)
    const lines = expected.map(({ question, context, answers: [answer] }) =>
      JSON.stringify({
        question,
        context,
        answer: answer?.text ?? null,
        answer_start: answer?.text === 'bo' ? 17 : undefined,
      }),
    )
    expect(await readExamples(file('a.jsonl', `${lines.join('\n')}\n`))).toEqual(expected)
  })

  it('numbers questions without an id in every layout, and keeps the ids of the others', async () => {
    const qas = [
      { id: 'own', question: 'who?', answers: [] },
      { question: 'who else?', answers: [] },
      { id: null, question: 'and?', answers: [] },
      { id: '', question: 'so?', answers: [] },
    ]
    const ids = ['own', 'q1', 'q2', 'q3']
    const rows = qas.map((qa) => ({ ...qa, context: 'Ada' }))
    const csv = qas.map(({ id, question }) => `${id ?? ''},${question},Ada,\n`).join('')
    for (const path of [
      file('a.json', JSON.stringify({ data: [{ paragraphs: [{ context: 'Ada', qas }] }] })),
      file('b.json', JSON.stringify(rows)),
      file('a.jsonl', rows.map((row) => JSON.stringify(row)).join('\n')),
      file('a.csv', `id,question,context,answer\n${csv}`),
    ]) {
      expect((await readExamples(path)).map(({ id }) => id)).toEqual(ids)
      expect((await collect(eachQuestion(path))).map(({ id }) => id)).toEqual(ids)
    }
  })

  it('rejects an empty question by its place, and leaves it out of a corrected copy', async () => {
    const bad = { question: ' ', context: 'Ada met Bob' }
    const answers = [{ text: 'Bob', answer_start: 8 }]
    const paragraph = (qa: object) => ({ context: bad.context, qas: [{ id: 'a', question: ' ', ...qa }] })
    for (const [name, content, place] of [
      [
        'a.csv',
        'question,context,answer\nwho?,Ada,Ada\n ,Ada met Bob,Bob\n',
        'the row that ends at line 3, question q2',
      ],
      ['b.csv', 'question,context,answer\n ,Ada met Bob,\n', 'the row that ends at line 2, question q1'],
      ['a.jsonl', JSON.stringify({ ...bad, answer: 'Bob' }), 'line 1, question q1'],
      ['a.json', JSON.stringify([{ ...bad, answers: { text: ['Bob'], answer_start: [8] } }]), '[0], question q1'],
      ['s.json', JSON.stringify({ data: [{ paragraphs: [paragraph({ answers })] }] }), 'paragraph 1, question a'],
    ]) {
      const path = file(name, content)
      await expect(readExamples(path)).rejects.toThrow(`${path}: ${place}: the question is empty\n  Write the question`)
      const { sound, problems } = await checkFile(path, {})
      expect(problems.map(({ kind, correction }) => [kind, correction])).toEqual([['empty_question', 'removed']])
      expect(sound).toHaveLength(name === 'a.csv' ? 1 : 0)
    }
  })

  it('reports answers that occur several times or not at all', async () => {
    const path = file('a.csv', 'question,context,answer\nwho?,bo and bo,bo\nwho?,bo,li\nwho?,Bo,bo\n')
    await expect(readExamples(path)).rejects.toThrow(
      'question q1: answer "bo" occurs 2 times in the context\n  Choose one with answer_start, the number of Unicode code points before it.',
    )
    const problems: DataProblem[] = []
    const read = await readExamples(path, { report: (problem) => problems.push(problem) })
    expect(read.map(({ id, answers }) => [id, answers[0]])).toEqual([
      ['q1', { text: 'bo', answer_start: 0 }],
      ['q3', { text: 'Bo', answer_start: 0 }],
    ])
    expect(problems.map(({ kind, id, correction }) => [kind, id, correction])).toEqual([
      ['ambiguous_answer', 'q1', 'character 0, the first'],
      ['misaligned', 'q2', undefined],
      ['misaligned', 'q3', 'character 0 as "Bo"'],
    ])
  })

  it('without answers is reported once, not for each row', async () => {
    const path = file('a.csv', 'question,context\nwho?,bo\nwhy?,bo\n')
    const problems: DataProblem[] = []
    await readExamples(path, { report: (problem) => problems.push(problem) })
    expect(problems.map(({ message }) => message.split('\n')[0])).toEqual([
      `${path}: no answer column; found the columns question, context`,
    ])
  })

  it('without the required columns lists them in the error', async () => {
    const path = file('a.csv', 'Frage,Text,Antwort\nwer?,bo,bo\n')
    await expect(readExamples(path)).rejects.toThrow(
      'no question or answer column; found the columns Frage, Text, Antwort',
    )
  })
})
