import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { zipOf } from '../../../tests/zip-archive.ts'
import type { DataProblem } from '../../squad/reading/data-problem.ts'
import { checkFile } from '../checks/check-file.ts'
import { writeFixed } from '../checks/fix-file.ts'
import { readExamples } from '../read-examples.ts'

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

const READ = [
  { id: '1', question: 'When?', context: 'Ada wrote in 1843', answers: [{ text: '1843', answer_start: 13 }] },
]

describe('CSV is read', () => {
  it.each([
    [
      'with answer_start as pandas writes it',
      'id,question,context,answer,answer_start\n1,When?,Ada wrote in 1843,1843,13.0',
    ],
    ['with headers in capitals', 'ID,Question,CONTEXT,Answer\n1,When?,Ada wrote in 1843,1843'],
    [
      'with headers of two words',
      'Question ID,Question,Context,Answer Text,Answer-Start\n1,When?,Ada wrote in 1843,1843,13',
    ],
    ['with synonyms', 'qid,Query,Passage,Answer\n1,When?,Ada wrote in 1843,1843'],
    ['with the answer in a column "Answers"', 'id,Question,Context,Answers\n1,When?,Ada wrote in 1843,1843'],
    ['with a line sep=;', 'sep=;\r\nid;question;context;answer\r\n1;When?;Ada wrote in 1843;1843\r\n'],
    [
      'with a byte-order mark, a line sep=| and an empty line',
      '\ufeffsep=|\n\nid|question|context|answer\n1|When?|Ada wrote in 1843|1843',
    ],
    [
      'with rows of delimiters only',
      'id,question,context,answer,,\n,,,,,\n1,When?,Ada wrote in 1843,1843,,\n , ,,,,\n,,,,,\n',
    ],
    ['separated by bars', 'id|question|context|answer\n1|When?|Ada wrote in 1843|1843'],
    ['with carriage returns alone', 'id,question,context,answer\r1,When?,Ada wrote in 1843,1843\r'],
    [
      'with missing values as pandas writes them',
      'id,question,context,answer,answer_start\n1,When?,Ada wrote in 1843,1843,nan',
    ],
    [
      'with flattened columns',
      'id,question,context,answers.text,answers.answer_start\n1,When?,Ada wrote in 1843,1843,13',
    ],
  ])('%s', async (_, text) => {
    expect(await readExamples(file('a.csv', text))).toEqual(READ)
    expect(await readExamples(file('unnamed', text))).toEqual(READ)
  })

  it('with quotation marks inside fields', async () => {
    const text = 'question\tcontext\tanswer\nWhat?\tThe "big" thing of 1843 "x\t1843\nWho?\t5" nail by Ada\tAda\n'
    const read = await readExamples(file('a.tsv', text))
    expect(read.map(({ context }) => context)).toEqual(['The "big" thing of 1843 "x', '5" nail by Ada'])
  })

  it('with is_impossible as text', async () => {
    const text = 'id,question,context,answer,is_impossible\n1,When?,Ada,Ada,True\n2,When?,Ada,Ada,False\n'
    expect((await readExamples(file('a.csv', text))).map(({ answers }) => answers.length)).toEqual([0, 1])
  })

  it.each([
    [
      'question',
      'id,frage,context,answer\n1,a,b,c',
      'no question column; found the columns id, frage, context, answer',
    ],
    ['context', 'question,answer\na,c', 'no context column; found the columns question, answer'],
    ['answer', 'Question;Context\na;c', 'no answer column; found the columns Question, Context'],
  ])('or rejected with the name of the missing %s column', async (_, text, message) => {
    await expect(readExamples(file('a.csv', text))).rejects.toThrow(message)
  })

  it('or rejected with the name of a repeated column', async () => {
    const path = file('a.csv', 'question,context,answer,context\na,b,c,d')
    await expect(readExamples(path)).rejects.toThrow('several columns are named context')
  })
})

describe("answers in Python's notation", () => {
  it.each([
    `{'text': ['Ada'], 'answer_start': [0]}`,
    `{'text': array(['Ada'], dtype=object), 'answer_start': array([0], dtype=int32)}`,
    `{'text': ["Ada"], 'answer_start': array([0])}`,
    `[{'text': 'Ada', 'answer_start': 0}]`,
  ])('%s are rejected with that explanation, and converted by --fix', async (answers) => {
    const path = file('a.csv', `id,question,context,answers\n1,Who?,Ada wrote it,"${answers.replaceAll('"', '""')}"\n`)
    await expect(readExamples(path)).rejects.toThrow(/answers is in Python's notation, .*; expected JSON\n.*--fix/)
    const fixed = join(temporaryFolder(), 'fixed.csv')
    await writeFixed(await checkFile(path, {}), fixed)
    expect((await readExamples(fixed))[0].answers).toEqual([{ text: 'Ada', answer_start: 0 }])
  })
})

describe('a workbook', () => {
  it('of openpyxl is read from its visible sheet of questions, with cells as displayed', async () => {
    const read = await readExamples(fixture('workbooks/openpyxl.xlsx'))
    expect(read.map(({ question, answers: [answer] }) => [question, answer?.text])).toEqual([
      ['grouped', '1,450'],
      ['year', '1843'],
      ['iso date', '2021-03-05'],
      ['long date', 'March 5, 2021'],
      ['time', '14:30'],
      ['percent', '15%'],
      ['zeros', '00123'],
      ['fraction', '0.3'],
      ['boolean', 'TRUE'],
      ['rich text', 'rich text'],
      ['none', undefined],
      ['second', 'bo'],
    ])
    expect(read.at(-1)!.answers[0].answer_start).toBe(7)
  })

  it('of pandas is read', async () => {
    const read = await readExamples(fixture('workbooks/pandas.xlsx'))
    expect(read.map(({ id, answers: [{ text }] }) => [id, text])).toEqual([
      ['7', 'Ada'],
      ['8', '1843'],
    ])
  })

  it('is rejected if it unpacks to more than the limit', async () => {
    const bytes = Buffer.from(readFileSync(fixture('workbooks/pandas.xlsx')))
    const directory = bytes.indexOf('PK\x01\x02')
    bytes.writeUInt32LE(2 ** 31, directory + 24)
    await expect(readExamples(file('a.xlsx', bytes))).rejects.toThrow(/unpacks to 2,0\d\d MB; the maximum is 16 MB/)
  })

  it('is not unpacked beyond its declared size', async () => {
    const path = file('a.xlsx', zipOf([{ name: 'xl/workbook.xml', content: Buffer.alloc(2 ** 24), declared: 1000 }]))
    await expect(readExamples(path)).rejects.toThrow(/does not unpack to its declared size/)
  })

  it('is rejected if it is truncated or another kind of archive', async () => {
    const bytes = readFileSync(fixture('workbooks/pandas.xlsx'))
    await expect(readExamples(file('a.xlsx', bytes.subarray(0, 900)))).rejects.toThrow(/corrupted zip archive/)
    await expect(readExamples(file('a.zip', zipOf([{ name: 'a.txt', content: Buffer.from('x') }])))).rejects.toThrow(
      /found a zip archive/,
    )
    await expect(readExamples(file('a.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex')))).rejects.toThrow(
      /old Excel workbook/,
    )
  })
})

describe('--fix keeps the columns', () => {
  const TABLE = 'Question;Context;Answer;Notes\nWhen?;It cost 1,450 then;1450;"a;b"\nWho?;Ada and Ada;Ada;\n'

  it('of a table and adds answer_start', async () => {
    const path = file('a.csv', TABLE)
    for (const [name, expected] of [
      [
        'fixed.csv',
        'Question,Context,Answer,answer_start,Notes\n"When?","It cost 1,450 then","1,450","8","a;b"\n"Who?","Ada and Ada","Ada","0",""\n',
      ],
      [
        'fixed.jsonl',
        /^\{"Question":"When\?","Context":"It cost 1,450 then","Answer":"1,450","answer_start":8,"Notes":"a;b"\}\n/,
      ],
    ] as const) {
      const fixed = join(temporaryFolder(), name)
      await writeFixed(await checkFile(path, {}), fixed)
      const text = readFileSync(fixed, 'utf8')
      if (typeof expected === 'string') expect(text).toBe(expected)
      else expect(text).toMatch(expected)
      expect((await checkFile(fixed, {})).problems).toEqual([])
    }
  })

  it.each(['xlsx', 'parquet', 'tsv', 'csv.gz'])('in .%s too', async (suffix) => {
    const fixed = join(temporaryFolder(), `fixed.${suffix}`)
    await writeFixed(await checkFile(file('a.csv', TABLE), {}), fixed)
    const again = join(temporaryFolder(), 'again.csv')
    const checked = await checkFile(fixed, {})
    expect(checked.problems).toEqual([])
    await writeFixed(checked, again)
    expect(readFileSync(again, 'utf8').split('\n')[0]).toBe('Question,Context,Answer,answer_start,Notes')
  })

  it('of JSON lines, of questions of SQuAD, and of Python text', async () => {
    const line = {
      id: 5,
      difficulty: 'hard',
      question: 'Who?',
      context: 'It was Ada',
      answers: { text: ['Ada'], answer_start: [6] },
    }
    const fixed = join(temporaryFolder(), 'fixed.jsonl')
    await writeFixed(await checkFile(file('a.jsonl', `${JSON.stringify(line)}\n`), {}), fixed)
    expect(JSON.parse(readFileSync(fixed, 'utf8'))).toEqual({
      ...line,
      id: '5',
      answers: { text: ['Ada'], answer_start: [7] },
    })
    const qa = { id: '1', question: 'Who?', answers: [{ text: 'Ada', answer_start: 6 }], category: 'person' }
    const squad = JSON.stringify({ data: [{ paragraphs: [{ context: 'It was Ada', qas: [qa] }] }] })
    const json = join(temporaryFolder(), 'fixed.json')
    await writeFixed(await checkFile(file('a.json', squad), {}), json)
    expect(JSON.parse(readFileSync(json, 'utf8')).data[0].paragraphs[0].qas).toEqual([
      { ...qa, answers: [{ text: 'Ada', answer_start: 7 }] },
    ])
  })
})

describe('JSON in the layouts of other tools', () => {
  const row = { id: '1', question: 'When?', context: 'Ada wrote in 1843' }
  const answers = { text: ['1843'], answer_start: [13] }
  it.each<[string, unknown]>([
    [
      'Simple Transformers',
      [
        {
          context: row.context,
          qas: [{ id: '1', question: 'When?', is_impossible: false, answers: [{ text: '1843', answer_start: 13 }] }],
        },
      ],
    ],
    ['the dataset viewer', { rows: [{ row_idx: 0, row: { ...row, answers } }] }],
    ['a dataset with one split', { train: [{ ...row, answers }] }],
    [
      'pandas by columns',
      { id: { 0: '1' }, question: { 0: 'When?' }, context: { 0: row.context }, answers: { 0: answers } },
    ],
    ['a dict of lists', { id: ['1'], question: ['When?'], context: [row.context], answers: [answers] }],
    ['one row', { ...row, answers }],
    [
      'rows with numbers as ids and texts as numbers',
      [{ ...row, id: 1, answers: { text: ['1843'], answer_start: ['13'] } }],
    ],
    ['rows with a text and its place', [{ ...row, answers: { text: '1843', answer_start: 13 } }]],
    ['rows with a list of texts', [{ ...row, answers: ['1843'] }]],
    ['rows with flattened answers', [{ ...row, 'answers.text': ['1843'], 'answers.answer_start': [13] }]],
  ])('%s', async (_, value) => {
    expect(await readExamples(file('a.json', JSON.stringify(value)))).toEqual(READ)
    expect(await readExamples(file('b.json', JSON.stringify(value, null, 1)))).toEqual(READ)
  })

  it('with two splits is rejected with their names', async () => {
    const path = file('a.json', JSON.stringify({ train: [row], validation: [row] }))
    await expect(readExamples(path)).rejects.toThrow(/it has train, validation/)
  })

  it('reports a problem once, without a subsequent "no questions"', async () => {
    const problems: DataProblem[] = []
    await readExamples(file('a.json', JSON.stringify([row])), { report: (problem) => problems.push(problem) })
    expect(problems.map(({ message }) => message.split('\n')[0].replace(/^.*\.json: /, ''))).toEqual([
      '[0]: the row has no answer; found id, question, context',
    ])
  })
})
