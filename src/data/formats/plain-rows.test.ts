import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import type { DataProblem } from '../../squad/reading/data-problem.ts'
import { readExamples } from '../read-examples.ts'

const file = (name: string, text: string): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, text)
  return path
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
