import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { madeUpExamples } from '../../tests/squad-parquet.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import type { DataProblem } from '../squad/reading/data-problem.ts'
import type { Example } from '../squad/types.ts'
import { readExamples } from './read-examples.ts'
import { writeExamples } from './write-examples.ts'

const EXAMPLES: Example[] = [
  ...madeUpExamples(300),
  {
    id: 'q "1"',
    question: 'what,\n"now"?',
    context: '\t"x",\r\n😀 \u2028 שלום;',
    answers: [{ text: '😀 \u2028 שלום', answer_start: 7 }],
  },
  { id: 'none', title: 'B', question: '?', context: 'x', answers: [] },
]

const NAMES = ['a.json', 'a.jsonl', 'a.csv', 'a.tsv', 'a.json.gz', 'a.jsonl.gz', 'a.csv.gz', 'a.parquet']

describe('a written file reads back unchanged', () => {
  it.each(NAMES)('%s', async (name) => {
    const path = join(temporaryFolder(), name)
    expect(await writeExamples(path, EXAMPLES)).toBe(EXAMPLES.length)
    expect(await readExamples(path)).toEqual(EXAMPLES)
    expect(await readExamples(path, { max_samples: 3 })).toEqual(EXAMPLES.slice(0, 3))
  })

  it.each(NAMES)('%s under a name without extension, and gzipped', async (name) => {
    const folder = temporaryFolder()
    await writeExamples(join(folder, name), EXAMPLES)
    const bytes = readFileSync(join(folder, name))
    const plain = name.endsWith('.gz') ? gunzipSync(bytes) : bytes
    for (const [other, content] of Object.entries({ plain, zipped: gzipSync(plain) })) {
      writeFileSync(join(folder, other), content)
      expect(await readExamples(join(folder, other))).toEqual(EXAMPLES)
    }
  })
})

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}
const Q1 = { id: '1', question: 'Who?', context: '😀 Bob' }
const READ = { ...Q1, answers: [{ text: 'Bob', answer_start: 3 }] }
const answers = { text: ['Bob'], answer_start: [2] }

describe('also supports', () => {
  it.each([
    ['run_qa.py\'s JSON, rows in "data"', JSON.stringify({ version: '1', data: [{ ...Q1, answers }] })],
    ['a list of rows', JSON.stringify([{ ...Q1, answers }], null, 2)],
    ['a line whose answers are pairs', JSON.stringify({ ...Q1, answers: [{ text: 'Bob', answer_start: 2 }] })],
    ['lines with carriage returns and empty ones', `\r\n${JSON.stringify({ ...Q1, answers })}\r\n\r\n`],
    [
      'CSV with a byte-order mark and semicolons',
      `\ufeffid;question;context;answers\n1;Who?;😀 Bob;"${quoted(answers)}"`,
    ],
  ])('%s', async (_, content) => {
    expect(await readExamples(write('file', content))).toEqual([READ])
  })

  it('UTF-16 as saved by spreadsheet programs', async () => {
    const text = `\ufeffid\tquestion\tcontext\tanswers\r\n1\tWho?\t😀 Bob\t"${quoted(answers)}"\r\n`
    expect(await readExamples(write('file.csv', Buffer.from(text, 'utf16le')))).toEqual([READ])
  })

  it('gzipped Parquet written by Python', async () => {
    const path = write('x.gz', gzipSync(readFileSync(fixture('squad-parquet/datasets-4.0.0.parquet'))))
    expect(await readExamples(path)).toHaveLength(60)
  })
})

const line = (more: object) => JSON.stringify({ ...Q1, answers, ...more })

describe('rejects, with its position, a file that', () => {
  it.each([
    ['does not exist', undefined, /nowhere\.json: does not exist/],
    ['is empty', '', /the file is empty/],
    [
      'is none of the formats',
      'Dear reader',
      /unknown format, starts with "Dear reader"\n.*SQuAD JSON, Parquet, Arrow, an Excel workbook/,
    ],
    ['is a zip archive', 'PK\x03\x04', /found a zip archive/],
    [
      'is not UTF-8',
      Buffer.from('{"data": "\xe9t\xe9"}', 'latin1'),
      /not valid UTF-8 text: line 1 contains the byte 0xE9 at offset 10, which would be "é" in Windows-1252/,
    ],
    ['is truncated gzip', gzipSync(line({}).repeat(50)).subarray(0, 60), /corrupted gzip file/],
    ['has a truncated line', `${line({})}\n${line({ id: '2' }).slice(0, -9)}`, /line 2: the line is truncated at ch/],
    [
      'has a line that is not JSON',
      `${line({})}\n{'id': 2}`,
      /line 2: "\{'id': 2\}" is in Python's notation, not JSON/,
    ],
    ['has a line that is not an object', `${line({})}\n5`, /line 2: the line is 5; expected an object/],
    [
      'lacks a field',
      JSON.stringify({ ...Q1, answers, question: undefined }),
      /row has no question; found id, context, answers/,
    ],
    ['lacks the answers', JSON.stringify(Q1), /the row has no answer; found id, question, context/],
    [
      'has fewer positions than answers',
      line({ answers: { text: ['Bob'], answer_start: [] } }),
      /has 1 text and 0 answer_start/,
    ],
    ['has an id twice', `${line({})}\n${line({})}`, /line 2, question 1: another question has the same id/],
    [
      "has its answers in Python's notation",
      `id,question,context,answers\n1,W?,Bob,"{'text': ['Bob']}"`,
      /ends at line 2: answers is in Python's notation, "\{'text': \['Bob'\]\}"; expected JSON/,
    ],
    ['has a row too short', `id,question,context,answers\n1,W?`, /ends at line 2: the row has 2 fields; expected 4/],
    [
      'has an unclosed quotation mark',
      `id,question,context,answers\n1,"W?,Bob,x`,
      /the row that starts at line 2: unclosed quotation mark/,
    ],
  ])('%s', async (_, content, message) => {
    const path = content === undefined ? join(temporaryFolder(), 'nowhere.json') : write('file', content)
    await expect(readExamples(path)).rejects.toThrow(message)
  })
})

it('fixes and reports problems and reads the rest if there is a report function', async () => {
  const problems: DataProblem[] = []
  const lines = [
    line({}),
    line({ id: 2, answers: { text: ['bob'], answer_start: [0] } }),
    line({ id: 'utf16', answers: { text: ['Bob'], answer_start: [3] } }),
    line({ id: 'bytes', answers: { text: ['Bob'], answer_start: [5] } }),
    line({ id: 'gone', answers: { text: ['Ann'], answer_start: [0] } }),
    line({ id: 'half', answers: { text: ['Bob', ''], answer_start: [2, 0] } }),
    line({ id: '6' }).slice(0, 30),
  ]
  const examples = await readExamples(write('x', lines.join('\n')), { report: (problem) => problems.push(problem) })
  expect(examples).toEqual(['1', '2', 'utf16', 'bytes', 'half'].map((id) => ({ ...READ, id })))
  expect(problems.map(({ kind, correction }) => [kind, correction])).toEqual([
    ['misaligned', 'character 2 as "Bob"'],
    ['utf16_offset', 'character 2'],
    ['byte_offset', 'character 2'],
    ['misaligned', undefined],
    ['empty_answer', undefined],
    ['cut_off', undefined],
  ])
})

it('reads a truncated SQuAD file up to its last complete question', async () => {
  const path = join(temporaryFolder(), 'a.json')
  await writeExamples(path, EXAMPLES)
  const text = readFileSync(path, 'utf8')
  const last = text.indexOf('"id":"a77"')
  for (const end of [last + 3, last + 40, last + 85]) {
    const problems: DataProblem[] = []
    const examples = await readExamples(write('x', text.slice(0, end)), { report: (problem) => problems.push(problem) })
    expect(examples).toEqual(EXAMPLES.slice(0, 77))
    expect(problems.map(({ kind }) => kind)).toEqual(['cut_off'])
  }
})

it('writes an unpaired surrogate to JSON and rejects it in other formats', async () => {
  const half: Example[] = [{ id: '1', question: '\ud83d?', context: 'x', answers: [] }]
  const folder = temporaryFolder()
  for (const name of ['a.json', 'a.jsonl']) {
    await writeExamples(join(folder, name), half)
    expect(await readExamples(join(folder, name))).toEqual(half)
  }
  for (const name of ['a.csv', 'a.parquet', 'a.csv.gz'])
    await expect(writeExamples(join(folder, name), half)).rejects.toThrow(
      /question 1 contains an unpaired surrogate \(U\+D83D\)/,
    )
})

it('rejects an unsupported extension before writing', async () => {
  await expect(writeExamples('a.txt', EXAMPLES)).rejects.toThrow(/a\.txt: unsupported extension/)
  await expect(writeExamples('a.parquet.gz', EXAMPLES)).rejects.toThrow(/unsupported extension/)
})

const quoted = (value: unknown): string => JSON.stringify(value).replaceAll('"', '""')
