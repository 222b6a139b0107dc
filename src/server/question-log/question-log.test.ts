import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseStream } from '../../../tests/event-stream.ts'
import { type TinyService, tinyService } from '../../../tests/tiny-service.ts'
import { buildIndex } from '../../runs/index/build-index.ts'
import { ServedIndex } from '../collection/served-index.ts'
import type { AnswerResponse, ModelList } from '../http/contract.ts'
import { Metrics } from '../models/metrics.ts'
import { type QuestionLogEntry, readQuestionLog } from './entries.ts'
import { QuestionLog } from './question-log.ts'

const context = 'The 🌊 is in ro. max is in oz.'
const question = 'who is in oz?'

let folder: string
let path: string
let index: ServedIndex
let service: TinyService
let questionLog: QuestionLog
let messages: string[]
let metrics: Metrics

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-log-'))
  writeFileSync(join(folder, 'sea.md'), '# Sea\n\n## Who\n\nli was in the sea. max is in oz.\n')
  await buildIndex([join(folder, 'sea.md')], { output_dir: join(folder, 'index') })
  index = await ServedIndex.open(join(folder, 'index'))
})
afterAll(async () => {
  await index.end()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  path = join(folder, `${Math.random()}.jsonl`)
  messages = []
})
afterEach(async () => {
  await service.close()
  await questionLog.close()
})

async function start({ below = 1, maxBytes = 2 ** 20 } = {}): Promise<void> {
  const log = pino({}, { write: (line: string) => messages.push(JSON.parse(line).msg) })
  metrics = new Metrics()
  questionLog = await QuestionLog.open({ path, below, maxBytes, log, metrics })
  service = await tinyService({ questionLog, index })
}

async function kept(): Promise<QuestionLogEntry[]> {
  const entries: QuestionLogEntry[] = []
  for await (const { item } of readQuestionLog(path)) if ('type' in item) entries.push(item)
  return entries
}

const post = (url: string, payload: object) => service.app.inject({ method: 'POST', url, payload })
const asked = (n: number) => `${question} ${n}`

describe('the question log of the service', () => {
  it('keeps questions of all routes once, with the text and the answer', async () => {
    await start()
    const answer = (await post('/api/answer', { question, context })).json<AnswerResponse>().answers[0]
    await post('/api/batch', { questions: [question, asked(1)], context })
    await post('/api/batch', { inputs: [{ question: asked(2), contexts: ['bo is in ro.', context] }] })
    expect(parseStream((await post('/api/stream', { questions: [asked(3)], context })).body)).not.toEqual([])
    await post('/', {
      inputs: [
        { question: asked(4), context },
        { question, context },
      ],
    })
    await post('/models/tiny', { inputs: { question: asked(5), context }, parameters: { top_k: 3 } })
    const { passages } = (await post('/api/search', { question: 'who was in the sea?' })).json()

    const entries = await kept()
    const questions = entries.filter((entry) => entry.type === 'question')
    expect(questions.map((entry) => entry.question)).toEqual([
      question,
      ...[1, 2, 3, 4, 5].map(asked),
      'who was in the sea?',
    ])
    const texts = new Map(entries.flatMap((entry) => (entry.type === 'text' ? [[entry.id, entry]] : [])))
    for (const { text, answer, answer_start } of questions)
      expect(texts.get(text)!.text.slice(answer_start, answer_start + answer.length)).toBe(answer)
    expect(questions[0]).toMatchObject({ answer: answer.answer, answer_start: answer.start, score: answer.score })
    expect(questions[0]).toMatchObject({ confidence: null, model: 'tiny' })
    expect(questions[0].revision).toBe(service.models.get().identity.revision)
    expect(texts.get(questions.at(-1)!.text)).toMatchObject({
      text: passages[0].text,
      source: { document: 'sea.md', headings: ['Sea', 'Who'] },
    })
    expect(entries.filter((entry) => entry.type === 'text' && entry.text === context)).toHaveLength(1)
    expect(readFileSync(path, 'utf8')).not.toContain('127.0.0.1')
  })

  it('keeps questions below the threshold only', async () => {
    await start({ below: 0.3 })
    const inputs = Array.from({ length: 12 }, (_, i) => ({ question: asked(i), context }))
    const { results } = (await post('/api/batch', { inputs })).json()
    const expected = inputs.filter((_, i) => results[i].answers[0].score < 0.3).map((input) => input.question)
    const questions = (await kept()).filter((entry) => entry.type === 'question')
    expect(questions.map((entry) => entry.question)).toEqual(expected)
  })

  it('says what is kept, to pages and to programs', async () => {
    await start({ below: 0.25 })
    const models = await service.app.inject('/api/models')
    expect(models.json<ModelList>().question_log).toEqual({ confidence_below: 0.25 })
    expect(models.headers['questions-kept']).toBe('confidence<0.25')
    expect((await post('/api/answer', { question, context })).headers['questions-kept']).toBe('confidence<0.25')
    const { info, paths } = (await service.app.inject('/openapi.json')).json()
    expect(info.description).toContain('**This server keeps questions** whose answer has a confidence below 0.25')
    expect(paths['/api/corrections'].post.operationId).toBe('correct')
    expect((await service.app.inject('/health')).json()).toEqual({ status: 'ok', question_log: 'ok' })
  })

  it('keeps corrections, the last of which counts', async () => {
    await start({ below: 0 })
    const correct = (text: string) =>
      post('/api/corrections', { question, context, answers: [{ text, answer_start: context.indexOf(text) }] })
    expect((await correct('max')).json()).toEqual({ kept: true })
    await correct('max')
    await correct('max is')
    expect((await post('/api/corrections', { question: asked(1), context, answers: [] })).statusCode).toBe(200)
    const entries = (await kept()).filter((entry) => entry.type === 'correction')
    expect(entries.map((entry) => entry.answers.map(({ text }) => text))).toEqual([['max'], ['max is'], []])
    const wrong = await post('/api/corrections', { question, context, answers: [{ text: 'max', answer_start: 3 }] })
    expect([wrong.statusCode, wrong.json().detail]).toEqual([422, expect.stringContaining('not at character 3')])
    const long = { question: '?'.repeat(3000), context, answers: [] }
    expect((await post('/api/corrections', long)).statusCode).toBe(422)
  })

  it('answers when nothing can be kept, and says so once', async () => {
    await start({ maxBytes: 500 })
    for (let i = 0; i < 4; i++)
      expect((await post('/api/answer', { question: asked(i), context })).statusCode).toBe(200)
    // It contains this one already.
    expect((await post('/api/answer', { question: asked(0), context })).statusCode).toBe(200)
    expect(messages).toEqual(['the question log is full; no more are kept'])
    expect((await service.app.inject('/health')).json()).toEqual({ status: 'ok', question_log: 'full' })
    expect((await post('/api/corrections', { question, context, answers: [] })).statusCode).toBe(507)

    rmSync(path)
    writeFileSync(path, 'a file of the user')
    for (let i = 0; i < 3; i++)
      expect((await post('/api/answer', { question: asked(i), context })).statusCode).toBe(200)
    expect(messages.slice(1)).toEqual(['cannot keep questions; answers are not affected'])
    expect((await service.app.inject('/health')).json()).toEqual({ status: 'ok', question_log: 'failing' })
    const figures = await metrics.registry.metrics()
    expect(figures).toMatch(/questions_kept_total [1-3]\n/)
    expect(figures).toContain('questions_not_kept_total{reason="error"} 3')

    rmSync(path)
    await post('/api/answer', { question, context })
    expect(messages.at(-1)).toBe('questions are kept again')
    expect((await kept()).map(({ type }) => type)).toEqual(['text', 'question'])
  })
})

it('keeps nothing, and says nothing, without a log', async () => {
  await start()
  const other = await tinyService()
  const models = await other.app.inject('/api/models')
  expect([models.json<ModelList>().question_log, models.headers['questions-kept']]).toEqual([undefined, undefined])
  expect((await other.app.inject('/health')).json()).toEqual({ status: 'ok' })
  const payload = { question, context, answers: [] }
  expect((await other.app.inject({ method: 'POST', url: '/api/corrections', payload })).statusCode).toBe(404)
  expect((await other.app.inject('/openapi.json')).json().info.description).not.toContain('keeps questions')
  await other.close()
})
