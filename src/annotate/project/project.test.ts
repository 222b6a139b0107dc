import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseSquad } from '../../squad/reading/squad-json.ts'
import { exportExamples, squadFile } from '../export.ts'
import { assignments } from './assign.ts'
import type { NewEvent } from './events.ts'
import { disagreements } from './labels.ts'
import { journalFile, Project, passageId, readProject } from './project.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-project-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const texts = ['The 🌊 tower is 96 m high. It was built in 1889.', 'A second passage.']
const [first, second] = texts.map((text) => ({ id: passageId(text), text }))
const document: NewEvent = {
  type: 'document',
  name: 'guide.md',
  title: 'Guide',
  digest: 'd',
  passages: [first, second],
}
const answer = (text: string) => ({ text, answer_start: first.text.indexOf(text) })

const answered = (id: string, annotator: string, ...words: string[]): NewEvent => ({
  ...{ type: 'answer', id, annotator },
  answers: words.map(answer),
})

const asked = (id: string, question: string): NewEvent => ({
  ...{ type: 'question', id, passage: first.id },
  ...{ annotator: 'ann', question },
})

/** A project with two questions about the first passage. */
async function withQuestions(...more: NewEvent[]): Promise<Project> {
  const project = await Project.open(folder)
  await project.append([document])
  await project.append([asked('q1', 'How high is it?'), asked('q2', 'Who built it?')])
  for (const event of more) await project.append([event])
  return project
}

describe('the journal', () => {
  it('has the whole state after the project has been opened again', async () => {
    const project = await withQuestions(
      answered('q1', 'ann', '96 m'),
      answered('q2', 'bob'),
      { type: 'comment', passage: first.id, annotator: 'bob', comment: 'Too easy' },
      { type: 'comment', id: 'q1', passage: first.id, annotator: 'ann', comment: 'Unit?' },
      { type: 'status', passage: first.id, annotator: 'ann', status: 'done' },
      { type: 'edit', id: 'q2', annotator: 'ann', question: 'Who paid?' },
      asked('q3', 'Deleted?'),
      { type: 'delete', id: 'q3', annotator: 'ann' },
    )
    const before = structuredClone({ ...project.state })
    await project.close()
    const again = await Project.open(folder)
    expect({ ...again.state }).toEqual(before)
    expect({ ...(await readProject(folder)) }).toEqual(before)
    expect(again.state.question('q2').question).toBe('Who paid?')
    expect(again.state.questions.has('q3')).toBe(false)
    await again.close()
  })

  it.each([
    ['half an event', '{"at":"2026-01-01T00:00:00.000Z","type":"sta'],
    ['half a character', Buffer.from('{"comment":"🌊').subarray(0, -2)],
    ['zeros', Buffer.alloc(100)],
  ])('drops a last line with %s, and appends after the last whole one', async (_, torn) => {
    await (await withQuestions(answered('q1', 'ann', '96 m'))).close()
    const whole = readFileSync(journalFile(folder))
    appendFileSync(journalFile(folder), torn)
    const project = await Project.open(folder)
    expect(readFileSync(journalFile(folder))).toEqual(whole)
    await project.append([answered('q2', 'ann', '1889')])
    await project.close()
    expect((await readProject(folder)).question('q2').responses.get('ann')!.answers).toEqual([answer('1889')])
  })

  it('names a corrupted line', async () => {
    await (await withQuestions()).close()
    const lines = readFileSync(journalFile(folder), 'utf8').split('\n')
    for (const [line, message] of [
      ['{"type":', 'line 2: not valid JSON'],
      ['{"type":"answer"}', 'line 2: not an event'],
      [lines[2], 'line 2: unknown passage'],
    ]) {
      writeFileSync(journalFile(folder), lines.with(1, line).join('\n'))
      await expect(Project.open(folder)).rejects.toThrow(message)
    }
    writeFileSync(journalFile(folder), `${lines[1]}\n`)
    await expect(Project.open(folder)).rejects.toThrow('not a journal of this version')
  })

  it('keeps all of concurrent changes', async () => {
    const project = await withQuestions()
    const names = Array.from({ length: 50 }, (_, i) => `person ${i}`)
    await Promise.all(names.map((name) => project.append([answered('q1', name, '96 m')])))
    await project.close()
    expect((await readProject(folder)).question('q1').responses.size).toBe(50)
  })

  it('can be opened by one process only', async () => {
    const project = await Project.open(folder)
    await expect(Project.open(folder)).rejects.toThrow(/in use|running|another/i)
    await project.close()
    expect(existsSync(journalFile(folder))).toBe(true)
    await (await Project.open(folder)).close()
  })

  it('rejects what does not fit, and stores nothing of it', async () => {
    const project = await withQuestions()
    const size = readFileSync(journalFile(folder)).length
    const wrong: [NewEvent, string][] = [
      [
        { type: 'answer', id: 'q1', annotator: 'ann', answers: [{ text: '96 m', answer_start: 1 }] },
        'is not at character 1',
      ],
      [{ type: 'answer', id: 'q1', annotator: 'ann', answers: [{ text: ' ', answer_start: 3 }] }, 'white space'],
      [
        { type: 'answer', id: 'q1', annotator: 'ann', answers: [{ text: '\ud83c', answer_start: 4 }] },
        'inside a character',
      ],
      [{ type: 'answer', id: 'nowhere', annotator: 'ann', answers: [] }, 'unknown question'],
      [{ type: 'status', passage: 'nowhere', annotator: 'ann', status: 'done' }, 'unknown passage'],
      [{ type: 'decide', id: 'q1', annotator: 'ann', from: 'bob' }, 'bob has not answered'],
    ]
    for (const [event, message] of wrong)
      await expect(project.append([answered('q1', 'ann', '96 m'), event])).rejects.toThrow(message)
    expect(readFileSync(journalFile(folder)).length).toBe(size)
    expect(project.state.question('q1').responses.size).toBe(0)
    await project.append([{ type: 'annotators', names: ['ann', 'bob'] }])
    await expect(project.append([answered('q1', 'eve', '96 m')])).rejects.toThrow('unknown annotator "eve"')
    await project.close()
  })
})

describe('several annotators', () => {
  it('get passages in turn, each as often as the overlap says, and keep them', async () => {
    const project = await Project.open(folder)
    const passages = Array.from({ length: 10 }, (_, i) => ({ id: `p${i}`, text: `Passage ${i}` }))
    await project.append([{ ...document, passages } as NewEvent])
    await project.append([{ type: 'annotators', names: ['ann', 'bob', 'eve'] }])
    await project.append(assignments(project.state, 2))
    const load = (name: string) =>
      [...project.state.passages.values()].filter(({ assigned }) => assigned.has(name)).length
    expect(['ann', 'bob', 'eve'].map(load).sort()).toEqual([6, 7, 7])
    for (const { assigned } of project.state.passages.values()) expect(assigned.size).toBe(2)
    expect(assignments(project.state, 2)).toEqual([])
    await project.close()
  })

  it('disagree if they have no answer in common', async () => {
    const project = await withQuestions(
      answered('q1', 'ann', '96 m', '96'),
      answered('q1', 'bob', '96 m', '96 m high'),
      answered('q2', 'ann'),
      answered('q2', 'bob', '1889'),
    )
    expect(disagreements(project.state).map(({ id }) => id)).toEqual(['q2'])
    expect(exportExamples(project.state)).toMatchObject({
      examples: [{ id: 'q1', answers: [answer('96 m'), answer('96'), answer('96 m high')] }],
      left_out: { undecided: 1 },
    })
    await project.append([{ type: 'decide', id: 'q2', annotator: 'ann', from: 'bob' }])
    expect(exportExamples(project.state).examples[1]).toMatchObject({ id: 'q2', answers: [answer('1889')] })
    // A new answer opens the question again; then the majority decides.
    await project.append([answered('q2', 'eve')])
    expect(disagreements(project.state)[0].decided).toBeUndefined()
    expect(exportExamples(project.state).examples[1]).toMatchObject({ id: 'q2', answers: [] })
    await project.close()
  })
})

describe('the export', () => {
  it('is SQuAD JSON with offsets in code points, in v2.0 only if a question has no answer', async () => {
    const project = await withQuestions(answered('q1', 'ann', '96 m', '96'))
    const v1 = JSON.parse(squadFile(exportExamples(project.state)))
    expect(v1.version).toBe('1.1')
    const [paragraph] = v1.data[0].paragraphs
    const codePoints = [...(paragraph.context as string)]
    for (const { text, answer_start } of paragraph.qas[0].answers)
      expect(codePoints.slice(answer_start, answer_start + [...text].length).join('')).toBe(text)
    await project.append([answered('q2', 'ann')])
    const v2 = squadFile(exportExamples(project.state))
    expect(JSON.parse(v2).version).toBe('v2.0')
    expect(parseSquad(v2, 'train.json')).toEqual([
      {
        id: 'q1',
        title: 'Guide',
        question: 'How high is it?',
        context: first.text,
        answers: [answer('96 m'), answer('96')],
      },
      { id: 'q2', title: 'Guide', question: 'Who built it?', context: first.text, answers: [] },
    ])
    await project.close()
  })
})
