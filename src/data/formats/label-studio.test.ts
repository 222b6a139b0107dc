import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { readExamples } from '../read-examples.ts'

const file = (name: string, content: unknown): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const region = (text: string, start: number, label = 'Answer') => ({
  type: 'labels',
  from_name: 'answer',
  value: { start, end: start + text.length, text, labels: [label] },
})
const written = (from_name: string, text: string) => ({ type: 'textarea', from_name, value: { text: [text] } })
const task = (result: object[], data: object = { text: 'Ada met Bob', question: 'who?' }) => ({
  id: 7,
  data,
  annotations: [{ result }, { was_cancelled: true, result: [region('met', 4)] }],
})

describe('The JSON export of Label Studio', () => {
  it.each([
    ['marked regions', task([region('Ada', 0), region('Bob', 8)]), ['Ada', 'Bob']],
    ['a text that was written', task([written('answer', 'Bob')]), ['Bob']],
    [
      'a question that was written',
      task([written('question', 'who?'), region('Bob', 8)], { text: 'Ada met Bob' }),
      ['Bob'],
    ],
    ['the regions of the label Answer', task([region('Ada', 0, 'Person'), region('Bob', 8)]), ['Bob']],
    ['an annotation without regions', task([]), []],
    [
      'the completions of old versions',
      { ...task([]), annotations: undefined, completions: [{ result: [region('Bob', 8)] }] },
      ['Bob'],
    ],
    ['regions of HTML', task([{ ...region('Bob', 99), type: 'hypertextlabels' }]), ['Bob']],
    ['results that mark nothing', task([null as never, { type: 'rating' }, region('Bob', 8)]), ['Bob']],
  ])('is read with %s', async (_, one, answers) => {
    const [example] = await readExamples(file('export.json', [one]))
    expect([example.id, example.question, example.context]).toEqual(['7', 'who?', 'Ada met Bob'])
    expect(example.answers.map(({ text }) => text)).toEqual(answers)
  })

  it.each([
    ['no annotation', { ...task([]), annotations: [] }, 'the task of Label Studio has no annotation'],
    ['several labels', task([region('Ada', 0, 'A1'), region('Bob', 8, 'B1')]), 'regions with the labels'],
  ])('is rejected with an error that says so with %s', async (_, one, message) => {
    await expect(readExamples(file('export.json', [one]))).rejects.toThrow(message)
  })
})

it.each(['Ada|Bob', 'Ada; Bob', 'Ada, Bob'])('several answers in one cell are named: %s', async (cell) => {
  const path = file('a.csv', `question,context,answer\nwho?,Ada met Bob,"${cell}"\n`)
  await expect(readExamples(path)).rejects.toThrow('It holds 2 answers: write them as a list, ["Ada","Bob"].')
})

it('rows without column names are named', async () => {
  for (const content of [[['who?', 'Ada met Bob', 'Ada']], { data: [['who?', 'Ada met Bob', 'Ada']] }])
    await expect(readExamples(file('a.json', content))).rejects.toThrow(/without column names.*\n.*orient="records"/)
})
