/** Answers from an index of documents, in the library, on the command line and over HTTP. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pipeline } from '../src/api/pipeline.ts'
import { buildIndex } from '../src/runs/index/build-index.ts'
import { PassageIndex } from '../src/search/passage-index.ts'
import { priorsOf } from '../src/search/sources.ts'
import { ServedIndex } from '../src/server/collection/served-index.ts'
import { pdfOf } from './pdf-file.ts'
import { runHere } from './run-here.ts'
import { type TinyService, tinyService } from './tiny-service.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

let folder: string
let output_dir: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-answers-'))
  output_dir = join(folder, 'index')
  const docs = join(folder, 'docs')
  mkdirSync(docs)
  writeFileSync(join(docs, 'a.md'), '# max\n\nbo is in ro. li was ka.\n\n# una\n\nmax is in the sea of ro.')
  writeFileSync(
    join(docs, 'b.pdf'),
    pdfOf([{ text: 'eve is in oz.', y: 700 }], [{ text: 'ida was in the pit.', y: 700 }]),
  )
  await buildIndex([docs], { output_dir })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const question = 'who is in ro or the pit?'

describe('pipeline.searchIndex', () => {
  it('finds the answers that search finds in the passages, with their place in the documents', async () => {
    const answerer = await pipeline('question-answering', tinyFolder)
    const index = PassageIndex.open(output_dir)
    const searching = { top_k: 20, handle_impossible_answer: true }
    const options = { ...searching, passages: 10 }
    const { answers, passages, null_odds } = await answerer.searchIndex(question, index, options)
    const priors = priorsOf(passages)
    expect(priors.reduce((sum, prior) => sum + Math.exp(prior), 0)).toBeCloseTo(1, 10)
    const scores = new Map<string, number>()
    for (const [i, { text }] of passages.entries())
      for (const { answer, score, start } of (await answerer.search(question, [text], { ...searching, top_k: 500 }))
        .candidates)
        scores.set(
          answer && `${i} ${start} ${answer}`,
          (scores.get('') ?? 0) * Number(!answer) + Math.exp(priors[i]) * score,
        )
    for (const { answer, score, start, source } of answers) {
      const key = answer && `${source!.passage} ${start - passages[source!.passage].start} ${answer}`
      expect(score).toBeCloseTo(scores.get(key)!, 6)
    }
    expect(answers[0].score).toBeCloseTo(Math.max(...scores.values()), 6)
    expect(null_odds).toBeCloseTo(
      answers.find(({ answer }) => !answer)!.logit - answers.find(({ answer }) => answer)!.logit,
    )
    for (const { answer, start, end, source } of answers)
      if (source) expect(index.text(source.document.id).slice(start, end)).toBe(answer)
      else expect(answer).toBe('')
    const ofPdf = answers.find(({ source }) => source?.document.name === 'docs/b.pdf')!
    expect(ofPdf.source!.page).toBeGreaterThan(0)
    expect(answers.some(({ source }) => source?.headings.includes('una'))).toBe(true)

    const none = await answerer.searchIndex('xyzzy', index)
    expect(none).toEqual({
      question: 'xyzzy',
      passages: [],
      answers: [{ answer: '', score: 0, logit: 0, start: 0, end: 0 }],
    })
    const several = answerer.searchIndexAll([question, 'xyzzy', question], index, options)
    const found = []
    for await (const { answers } of several) found.push(answers.map(({ answer }) => answer))
    expect(found).toEqual([answers.map(({ answer }) => answer), [''], answers.map(({ answer }) => answer)])
    await expect(answerer.searchIndex(question, index, { passage: 3 } as never)).rejects.toThrow('passages')
    index.close()
    await answerer.dispose()
  })
})

describe('spanforge answer --index', () => {
  it('prints the answers with document, page and heading', async () => {
    const argv = ['answer', '--model', tinyFolder, '--index', output_dir, '--question', question, '--top_k', '3']
    const { code, stdout } = await runHere(...argv, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).answers).toHaveLength(3)
    const { stdout: one } = await runHere(...argv, '--document', 'B.PDF', '--passages', '1')
    expect(one).toMatch(/docs\/b\.pdf, page \d/)
    for (const [flags, message] of [
      [['--context', 'x'], 'cannot be combined'],
      [['--postprocess', 'pipeline'], 'supports a single context'],
      [['--document', 'none'], 'no document of the index'],
    ] as const)
      expect((await runHere(...argv, ...flags)).stderr).toContain(message)
  })
})

describe('spanforge predict --index', () => {
  it('answers questions with and without contexts, each as the library does', async () => {
    const csv = join(folder, 'questions.csv')
    writeFileSync(csv, `id,question\nx,${question}\ny,xyzzy\nz, \n`)
    const output = join(folder, 'answers.jsonl')
    const argv = ['predict', '--model', tinyFolder, '--index', output_dir, '--top_k', '2']
    expect((await runHere(...argv, '--input', csv, '--output', output)).code).toBe(0)
    const lines = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const answerer = await pipeline('question-answering', tinyFolder)
    const index = PassageIndex.open(output_dir)
    const { answers } = await answerer.searchIndex(question, index, { top_k: 2 })
    index.close()
    await answerer.dispose()
    expect(lines[0]).toMatchObject({ id: 'x', answer: answers[0].answer, document: answers[0].source!.document.name })
    expect(lines[0].answers).toHaveLength(2)
    expect(lines[0].score).toBeCloseTo(answers[0].score, 5)
    expect(lines[1]).toMatchObject({ id: 'y', answer: '', score: 0 })
    expect(lines[2].error).toMatch(/the question is empty/)

    const squad = writeTinySquad(folder, 'squad.json', 3)
    expect((await runHere(...argv, '--input', squad, '--output', join(folder, 'squad.jsonl'))).code).toBe(0)
    const wrong = await runHere(...argv, '--input', csv, '--output', join(folder, 'x'), '--postprocess', 'run_qa')
    expect(wrong.stderr).toContain('cannot be combined with --index')
  })
})

describe('the service with an index', () => {
  let service: TinyService
  let index: ServedIndex
  beforeAll(async () => {
    index = await ServedIndex.open(output_dir)
    service = await tinyService({ index })
  })
  afterAll(async () => {
    await service.close()
    await index.end()
  })
  const get = async (url: string) => (await service.app.inject({ url })).json()
  const search = (body: object) => service.app.inject({ method: 'POST', url: '/api/search', payload: body })

  it('answers like the library, and shows the place of each answer in its document', async () => {
    const response = await search({ question, top_k: 5 })
    expect(response.statusCode).toBe(200)
    const { answers, passages } = response.json()
    const answerer = await pipeline('question-answering', tinyFolder)
    const opened = PassageIndex.open(output_dir)
    const expected = await answerer.searchIndex(question, opened, { top_k: 5 })
    opened.close()
    await answerer.dispose()
    expect(answers.map(({ answer, source }: never) => [answer, source])).toEqual(
      expected.answers.map(({ answer, source }) => [answer, source]),
    )
    expect(passages.map(({ text }: { text: string }) => text)).toEqual(expected.passages.map(({ text }) => text))
    for (const { answer, start, end, source } of answers) {
      const { text } = await get(`/api/documents/${source.document.id}`)
      expect(text.slice(start, end)).toBe(answer)
      expect((await get(`/api/documents/${source.document.id}?start=${start}&end=${end}`)).text).toBe(answer)
    }
  })

  it('lists documents, and searches only some of them', async () => {
    expect(await get('/api/models')).toMatchObject({ index: { documents: 2 } })
    expect(await get('/api/index')).toMatchObject({ documents: 2, problems: 0 })
    const { documents, total } = await get('/api/documents?containing=PDF')
    expect([total, documents[0].name, documents[0].pages]).toEqual([1, 'docs/b.pdf', 2])
    const { passages } = (await search({ question, documents: [documents[0].id] })).json()
    expect(new Set(passages.map(({ document }: { document: { name: string } }) => document.name))).toEqual(
      new Set(['docs/b.pdf']),
    )
    expect((await get('/api/documents/999')).status).toBe(404)
    expect((await search({ question: 'xyzzy' })).json()).toMatchObject({
      answers: [{ answer: '' }],
      passages: [],
      windows: 0,
    })
  })

  it('rejects invalid requests', async () => {
    for (const body of [
      {},
      { question: '' },
      { question, passages: 0 },
      { question, documents: ['x'] },
      { question, context: 'x' },
    ])
      expect((await search(body)).statusCode).toBe(422)
    expect((await search({ question: 'x'.repeat(3000) })).statusCode).toBe(422)
  })

  it('opens the index again after it has been updated', async () => {
    writeFileSync(join(folder, 'docs', 'c.txt'), 'A zebra is in the den.')
    await buildIndex([], { output_dir })
    expect((await search({ question: 'zebra' })).json().passages).toEqual([])
    await index.reload()
    expect((await search({ question: 'zebra' })).json().passages).toHaveLength(1)
  })
})
