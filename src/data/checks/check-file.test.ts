import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { describeShared, shared } from '../../../tests/shared.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { readExamples } from '../read-examples.ts'
import { type CheckOptions, checkFile, type Finding } from './check-file.ts'
import { writeFixed } from './fix-file.ts'

const CONTEXT = 'Ann met Bob in Ulm, and there the two of them saw the tallest of all the church towers.'

const row = (id: string, more: object = {}) => ({
  id,
  question: `Who is ${id}?`,
  context: `${id}: ${CONTEXT}`,
  answers: { text: ['Bob'], answer_start: [id.length + 10] },
  ...more,
})
const answers = (text: string, answer_start: number) => ({ answers: { text: [text], answer_start: [answer_start] } })

function written(...rows: object[]): string {
  const path = join(temporaryFolder(), 'rows.jsonl')
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return path
}

const check = (rows: object[], options: CheckOptions = {}) => checkFile(written(...rows), options)
const kinds = (findings: readonly Finding[]) => findings.map(({ kind, ids }) => [kind, ...ids])

describe('checking a file', () => {
  it('counts its contents and finds no problem in valid data', async () => {
    const found = await check([
      row('a', { title: 'T' }),
      row('b', { title: 'T', answers: { text: [], answer_start: [] } }),
    ])
    expect(found).toMatchObject({ questions: 2, contexts: 2, articles: 1, answers: 1, unanswered: 1 })
    expect([found.problems, found.notes]).toEqual([[], []])
    expect(found.lengths.context).toMatchObject({ median: 20, longest: 20, total: 40 })
  })

  it('finds answers that start or end inside a word or are whitespace', async () => {
    const rows = [
      row('a', answers('ob', 12)),
      row('b', answers('Bob ', 11)),
      row('c', answers(' ', 14)),
      row('d', answers('Ulm', 18)),
      // A combining mark belongs to its letter, and a digit to its number.
      row('e', { context: 'xe\u0301 17', ...answers('xe', 0) }),
      row('f', { context: 'xe\u0301 17', ...answers('1', 4) }),
    ]
    const { notes } = await check(rows)
    expect(kinds(notes)).toEqual([...'abcef'].map((id) => ['odd_answer', id]))
    expect(notes[0].message).toContain('starts or ends inside a word: "a: Ann met B[ob] in Ulm, and there t"')
  })

  it('finds repeated questions regardless of case and whitespace', async () => {
    const other = { question: ' WHO  is a?', context: `A: ${CONTEXT.replaceAll(' ', '\n ')}` }
    const { notes, contexts } = await check([
      row('a'),
      row('b', { ...row('b'), ...other, ...answers('Ulm', 22) }),
      row('c'),
    ])
    expect(kinds(notes)).toEqual([['other_answers', 'a', 'b']])
    expect(contexts).toBe(2)
  })

  it('finds empty questions and contexts', async () => {
    const none = { answers: { text: [], answer_start: [] } }
    const found = await check([row('a'), row('b', { question: ' ' }), row('c', { context: '', ...none })])
    expect(kinds(found.problems)).toEqual([
      ['empty_question', 'b'],
      ['empty_context', 'c'],
    ])
    expect(found.sound.map(({ id }) => id)).toEqual(['a'])
  })

  it('finds contexts that share 13 consecutive words with the validation file', async () => {
    const run = 'there, the two of them (saw) THE tallest of all the church towers'
    const none = { answers: { text: [], answer_start: [] } }
    const validation = written(
      row('v', { context: `Once ${run} fell.`, ...none }),
      row('w', { context: 'Same  text', ...none }),
    )
    const rows = [
      row('same', { context: 'same\nTEXT', ...none }),
      row('long', { context: `x ${run}`, ...none }),
      row('short', { context: run.replace('there', 'x'), ...none }),
    ]
    const found = await check(rows, { validation })
    expect(kinds(found.problems)).toEqual([
      ['leak', 'same'],
      ['leak', 'long'],
    ])
    expect(found.problems[1].message).toContain(
      'shares "there the two of them saw the tallest of all the church towers" with',
    )
    expect(found.sound.map(({ id }) => id)).toEqual(['short'])
  })

  it('finds answers that are in no window, and questions that are too long', async () => {
    const tokenizer = await loadTokenizer(fixture('tiny/b1/safetensors'))
    const rows = [
      row('a', { question: 'Who?' }),
      row('b', { question: 'Who?', ...answers(CONTEXT, 3) }),
      row('c', { question: 'Who? '.repeat(40) }),
    ]
    const { notes, problems, windows } = await check(rows, {
      cutting: { tokenizer, max_seq_length: 32, doc_stride: 8 },
    })
    expect(kinds(notes)).toEqual([['no_window', 'b']])
    expect(kinds(problems)).toEqual([['question_too_long', 'c']])
    expect(windows!.lengths.bins.reduce((sum, n) => sum + n, 0)).toBe(windows!.windows)
    expect(windows!.lengths.longest).toBe(32)
  })
})

describe('a corrected copy', () => {
  const broken = [
    row('a'),
    row('b', answers('bob', 3)),
    row('a'),
    row('a', { question: 'Another?' }),
    row('c', answers('Zoe', 3)),
    row('d', { question: 5 }),
  ]

  it('has no problems', async () => {
    const found = await check(broken)
    expect(kinds(found.problems).map(([kind]) => kind)).toEqual([
      'misaligned',
      'duplicate_id',
      'duplicate_id',
      'misaligned',
      'layout',
    ])
    const copy = join(temporaryFolder(), 'copy.json')
    expect(await writeFixed(found, copy)).toMatchObject({ questions: 3, repeated: 1, corrected: 5 })
    const fixed = await checkFile(copy, {})
    expect(fixed.problems).toEqual([])
    expect((await readExamples(copy)).map(({ id, answers }) => [id, answers[0]])).toEqual([
      ['a', { text: 'Bob', answer_start: 11 }],
      ['b', { text: 'Bob', answer_start: 11 }],
      ['a-2', { text: 'Bob', answer_start: 11 }],
    ])
  })

  it('is not written if part of the file could not be read', async () => {
    const path = written(row('a'), row('b'))
    writeFileSync(path, Buffer.from([0xff]), { flag: 'a' })
    const copy = join(temporaryFolder(), 'copy.json')
    await expect(writeFixed(await checkFile(path, {}), copy)).rejects.toThrow(
      /this cannot be fixed automatically: .*not valid UTF-8 text/,
    )
    await expect(readExamples(copy)).rejects.toThrow(/does not exist/)
  })
})

describeShared('the real files', () => {
  // The numbers are those of its README, except for the validation file: the README says 8, but only one answer, "2,70"
  // in "2,700,000", has a letter or digit on both sides of a boundary.
  it.each([
    ['squad-train-articles', 8491, 1541, 51],
    ['squad-train-sampled', 6647, 3820, 3],
    ['tydiqa-goldp-train-en', 3694, 3428, 65],
    ['mlqa-dev-en', 1143, 973, 3],
    ['squad-v1.1-dev-xquad-en', 1190, 240, 1],
  ])('%s has %i questions, %i contexts, %i odd answers and no problem', async (name, questions, contexts, odd) => {
    const validation = shared('data/squad-v1.1-dev-xquad-en.json')
    const file = shared(`data/${name}.json`)
    const found = await checkFile(file, file === validation ? {} : { validation })
    expect(found).toMatchObject({ questions, contexts, problems: [] })
    expect(found.notes.filter(({ kind }) => kind === 'odd_answer')).toHaveLength(odd)
  })

  it('the two SQuAD files share 13 consecutive words in one paragraph', async () => {
    const validation = shared('data/squad-train-articles.json')
    const { problems } = await checkFile(shared('data/squad-train-sampled.json'), { validation })
    expect(kinds(problems)).toEqual([['leak', 'fr-556-0', 'fr-556-1', 'fr-556-2', 'fr-556-3']])
  })
})
