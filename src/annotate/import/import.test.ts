import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { pdfOf } from '../../../tests/pdf-file.ts'
import { LOG_HEADER } from '../../server/question-log/entries.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'
import { exportExamples, squadFile } from '../export.ts'
import { Project } from '../project/project.ts'
import { importPaths } from './import.ts'

let folder: string
let project: Project
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-import-'))
  project = await Project.open(join(folder, 'project'))
})
afterEach(async () => {
  await project.close()
  rmSync(folder, { recursive: true })
})

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const context = 'The 🌊 tower is 96 m high.'
const at = (text: string) => ({ text, answer_start: context.indexOf(text) })
const examples = [
  { id: 'a', title: 'T', question: 'How high?', context, answers: [at('96 m'), at('96')] },
  { id: 'b', title: 'T', question: 'How wide?', context, answers: [] },
]
const questions = () => [...project.state.questions.values()]

it('imports SQuAD, and exports the same file', async () => {
  const json = `${toSquadJson(examples)}\n`
  const path = file('squad.json', json)
  expect(await importPaths(project, [path])).toMatchObject({ documents: 1, passages: 1, questions: 2, skipped: [] })
  expect(squadFile(exportExamples(project.state))).toBe(json)
  expect(await importPaths(project, [path])).toMatchObject({ documents: 0, passages: 0, questions: 0, known: 2 })
})

it('imports questions without answers, which are exported once they have one', async () => {
  const csv = `question,context\nHow high?,${context}\nHow wide?,${context}\n`
  const lines = `${JSON.stringify({ question: 'How old?', context })}\n`
  await importPaths(project, [file('q.csv', csv), file('q.jsonl', lines)])
  expect(questions().map(({ question, given }) => [question, given])).toEqual([
    ['How high?', undefined],
    ['How wide?', undefined],
    ['How old?', undefined],
  ])
  expect(exportExamples(project.state).left_out['no answer yet']).toBe(3)
  const [{ id }] = questions()
  await project.append([{ type: 'answer', id, annotator: 'ann', answers: [at('96 m')] }])
  expect(exportExamples(project.state).examples).toMatchObject([{ question: 'How high?', answers: [at('96 m')] }])
})

it('keeps questions of different files apart that have the same id', async () => {
  const row = (question: string) => JSON.stringify({ id: '1', question, context, answers: [] })
  const paths = [file('one.jsonl', row('One?')), file('two.jsonl', `${row('Two?')}\n`)]
  await importPaths(project, paths)
  expect(questions().map(({ question }) => question)).toEqual(['One?', 'Two?'])
  expect(await importPaths(project, paths)).toMatchObject({ questions: 0, known: 2 })
})

it('skips rows that cannot be read, with their place', async () => {
  const rows = [
    { id: '1', question: 'How high?', context, answers: { text: ['97 m'], answer_start: [3] } },
    { id: '2', question: 'How high?', context, answers: { text: ['96 m'], answer_start: [15] } },
  ]
  const path = file('rows.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const { questions: read, skipped } = await importPaths(project, [path])
  expect(read).toBe(1)
  expect(skipped).toEqual([
    { name: expect.stringContaining('rows.jsonl: line 1'), reason: expect.stringContaining('97 m') },
  ])
})

it('imports marks of Prodigy, whose offsets count code points', async () => {
  const rows = [
    // Documented at https://prodi.gy/docs/api-interfaces#spans.
    { text: context, spans: [{ start: 16, end: 20, label: 'HEIGHT' }], _task_hash: 7, answer: 'accept' },
    { text: context, question: 'How high?', spans: [{ start: 14, end: 19, label: 'ANSWER' }], answer: 'accept' },
    { text: context, meta: { question: 'How wide?' }, spans: [], answer: 'accept' },
    { text: context, spans: [{ start: 0, end: 3, label: 'X' }], answer: 'reject' },
    { text: context, spans: [{ start: 0, end: 300, label: 'X' }], answer: 'accept' },
  ]
  const path = file('prodigy.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const { skipped } = await importPaths(project, [path])
  expect(skipped.map(({ reason }) => reason)).toEqual(['was rejected', expect.stringContaining('not in the text')])
  expect(questions().map(({ question, label, given }) => ({ question, label, given }))).toEqual([
    { question: '', label: 'HEIGHT', given: [at('6 m')] },
    { question: 'How high?', label: undefined, given: [at('96 m')] },
    { question: 'How wide?', label: undefined, given: [] },
  ])
  expect(exportExamples(project.state).left_out['no question']).toBe(1)
})

it.each(['doccano', 'doccano-relations'])('imports an export of Doccano 1.8.4 (%s.jsonl)', async (name) => {
  const tower = 'The 🌊 tower is 96 m high. It was built in 1903.'
  const within = (text: string) => ({ text, answer_start: tower.indexOf(text) })
  const path = fixture(`annotation-tools/${name}.jsonl`)
  const { skipped } = await importPaths(project, [path])
  expect(skipped).toEqual([{ name: `${name}.jsonl: line 3`, reason: 'has neither a question nor marks' }])
  const found = new Map(questions().map((one) => [one.question || one.label, one]))
  expect([...found.keys()].sort()).toEqual(['Answer', 'How high?', 'Who?', 'Year'])
  expect(found.get('How high?')).toMatchObject({ given: [within('96 m')] })
  expect([...found.get('How high?')!.comments.values()]).toEqual(['Check it'])
  expect(found.get('Answer')).toMatchObject({ given: [within('tower')] })
  expect(found.get('Year')).toMatchObject({ given: [within('1903')] })
  // Doccano exports rows that nobody has annotated in the same way as those without an answer.
  expect(found.get('Who?')!.given).toBeUndefined()
  expect(project.state.documents.has('Tower')).toBe(true)
})

it('imports both layouts of Doccano', async () => {
  const rows = [
    { id: 1, text: context, label: [[15, 19, 'Answer']], question: 'How high?', Comments: ['Check it'] },
    { id: 2, text: context, entities: [{ id: 9, label: 'Thing', start_offset: 6, end_offset: 11 }], relations: [] },
  ]
  const path = file('doccano.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  expect((await importPaths(project, [path])).skipped).toEqual([])
  expect(questions().map(({ question, label, given }) => ({ question, label, given }))).toEqual([
    { question: 'How high?', label: undefined, given: [at('96 m')] },
    { question: '', label: 'Thing', given: [at('tower')] },
  ])
  expect([...questions()[0].comments]).toEqual([['', 'Check it']])
})

it.each(['label-studio.json', 'label-studio-min.json', 'label-studio.csv'])(
  'imports an export of Label Studio 1.23.2 (%s)',
  async (name) => {
    const tower = 'The 🌊 tower is 96 m high. It was built in 1903.'
    const within = (text: string) => ({ text, answer_start: tower.indexOf(text) })
    const { skipped } = await importPaths(project, [fixture(`annotation-tools/${name}`)])
    expect(skipped).toEqual([])
    const given = new Map(questions().map((one) => [one.question, one.given]))
    expect(given.get('How high?')).toEqual([within('96 m'), within('96')])
    expect(given.get('When?')).toEqual([within('1903')])
    expect(given.get('Who built it?')).toEqual([])
    // Nobody has annotated it.
    expect([given.has('How wide?'), given.get('How wide?')]).toEqual([true, undefined])
  },
)

it('imports tasks of Label Studio', async () => {
  const value = { start: context.indexOf('96 m'), end: context.indexOf('96 m') + 4, text: '96 m', labels: ['Answer'] }
  const result = [{ type: 'labels', from_name: 'answer', to_name: 'text', value }]
  const task = { id: 5, data: { text: context, question: 'How high?' }, annotations: [{ result }] }
  await importPaths(project, [file('tasks.json', JSON.stringify([task]))])
  expect(exportExamples(project.state).examples).toMatchObject([{ question: 'How high?', answers: [at('96 m')] }])
})

describe('a question log', () => {
  const time = '2026-01-31T12:00:00.000Z'
  const answer_start = context.indexOf('96 m')
  const text = { type: 'text', id: 't', text: context }
  const asked = (id: string, question: string, more: object = {}) => ({
    ...{
      type: 'question',
      id,
      at: time,
      text: 't',
      question,
      answer: '96 m',
      answer_start,
      confidence: 0.25,
      score: 0.1,
    },
    ...{ model: 'tiny', revision: 'sha256:00', ...more },
  })
  const corrected = (id: string, question: string, answers: object[]) => ({
    ...{ type: 'correction', id, at: time, text: 't', question, answers },
  })
  const lines = (...entries: object[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
  const log = (...entries: object[]) => file('questions.jsonl', LOG_HEADER + lines(...entries))

  it('is imported with the answers as suggestions, and again when it has grown', async () => {
    const first = [
      text,
      asked('a', 'How high?'),
      asked('b', 'How wide?', { answer: '', answer_start: 0, confidence: null, score: 0.75 }),
    ]
    const path = log(...first)
    expect(await importPaths(project, [path])).toMatchObject({ documents: 1, passages: 1, questions: 2, skipped: [] })
    expect(questions().map(({ given, suggested }) => [given, suggested])).toEqual([
      [undefined, { model: 'tiny', answer: '96 m', answer_start, certainty: 0.25 }],
      [undefined, { model: 'tiny', answer: '', answer_start: 0, certainty: 0.75 }],
    ])
    // Suggestions are not exported until somebody has accepted them.
    expect(exportExamples(project.state)).toMatchObject({ examples: [], left_out: { 'no answer yet': 2 } })

    const passage = {
      type: 'text',
      id: 'u',
      text: 'Soap harms it.',
      source: { document: 'm.pdf', page: 3, headings: ['Care'] },
    }
    const torn = '{"type":"question","id":"d","at":"2026-01'
    const more = lines(passage, asked('c', 'What harms it?', { text: 'u', answer: 'Soap', answer_start: 0 }))
    appendFileSync(path, `${more}${torn}`)
    expect(await importPaths(project, [path])).toMatchObject({ documents: 1, questions: 1, known: 2, skipped: [] })
    const { document, page, headings } = [...project.state.passages.values()][1]
    expect([document, page, headings]).toEqual(['m.pdf', 3, ['Care']])
    expect(await importPaths(project, [path])).toMatchObject({ documents: 0, questions: 0, known: 3, corrected: 0 })
  })

  it('brings corrections, also of questions that the project has, but not over those of annotators', async () => {
    const path = log(text, asked('a', 'How high?'), corrected('b', 'How wide?', []))
    await importPaths(project, [path])
    expect(exportExamples(project.state).examples).toMatchObject([{ question: 'How wide?', answers: [] }])
    const right = { text: '96', answer_start }
    appendFileSync(path, lines(corrected('a', 'How high?', [at('high')]), corrected('a', 'How high?', [right])))
    expect(await importPaths(project, [path])).toMatchObject({ questions: 0, known: 2, corrected: 1 })
    expect(exportExamples(project.state).examples[0]).toMatchObject({ question: 'How high?', answers: [right] })
    expect(questions()[0].suggested).toMatchObject({ answer: '96 m' })

    const [{ id }] = questions()
    await project.append([{ type: 'answer', id, annotator: 'ann', answers: [at('high')] }])
    appendFileSync(path, lines(corrected('a', 'How high?', [])))
    expect(await importPaths(project, [path])).toMatchObject({ corrected: 1 })
    expect(exportExamples(project.state).examples[0].answers[0].text).toBe('high')
    await project.append([{ type: 'delete', id, annotator: 'ann' }])
    expect(await importPaths(project, [path])).toMatchObject({ questions: 0, corrected: 0 })
  })

  it('skips corrupted lines with their place', async () => {
    const path = log(
      text,
      asked('a', 'How high?'),
      asked('b', 'Lost?', { text: 'gone' }),
      asked('c', 'Moved?', { answer_start: 1 }),
    )
    appendFileSync(path, 'not JSON\n{"type":"other"}\n')
    const { questions: read, skipped } = await importPaths(project, [path])
    expect(read).toBe(1)
    expect(skipped.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      'questions.jsonl: question b: unknown text gone',
      expect.stringContaining('answer "96 m" is not at character 1'),
      expect.stringContaining('questions.jsonl: line 6: not valid JSON'),
      expect.stringContaining('questions.jsonl: line 7: not an entry of a question log'),
    ])
  })
})

it('imports documents with headings and pages, and reads only those that have changed', async () => {
  const docs = join(folder, 'docs')
  mkdirSync(docs)
  const long = 'Words about the pump. '.repeat(50)
  file('docs/a.md', `# Pump\n\n${long}\n\n## Reset\n\nPress the red button.`)
  file('docs/b.pdf', pdfOf([{ text: 'Page one.', y: 700 }], [{ text: 'Page two.', y: 700 }]))
  file('docs/broken.pdf', '%PDF-1.4 broken')
  const counts = await importPaths(project, [docs])
  expect(counts).toMatchObject({ documents: 2, skipped: [{ name: 'docs/broken.pdf' }] })
  const passages = [...project.state.passages.values()]
  expect(passages.find(({ text }) => text.includes('red button'))?.headings).toEqual(['Pump', 'Reset'])
  expect(passages.find(({ text }) => text.includes('Page one'))?.page).toBe(1)

  const kept = passages.find(({ text }) => text.includes('red button'))!
  const asked = { type: 'question', id: 'q', passage: kept.id, annotator: 'ann', question: 'Which button?' } as const
  await project.append([asked])
  await project.append([
    { type: 'answer', id: 'q', annotator: 'ann', answers: [{ text: 'red', answer_start: kept.text.indexOf('red') }] },
  ])
  file('docs/a.md', `# Pump\n\nNew words.\n\n## Reset\n\nPress the red button.`)
  expect(await importPaths(project, [docs])).toMatchObject({ documents: 1 })
  expect(exportExamples(project.state).examples).toMatchObject([{ id: 'q', title: 'Pump' }])
})

it('does not bring back what was edited or deleted', async () => {
  const path = file('squad.json', toSquadJson(examples))
  await importPaths(project, [path])
  await project.append([
    { type: 'edit', id: 'a', annotator: 'ann', question: 'How tall?' },
    { type: 'delete', id: 'b', annotator: 'ann' },
  ])
  expect(await importPaths(project, [path])).toMatchObject({ questions: 0, known: 2 })
  expect(questions().map(({ question }) => question)).toEqual(['How tall?'])
})
