import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseStream } from '../../tests/event-stream.ts'
import { type TinyService, tinyService, tinyText } from '../../tests/tiny-service.ts'
import { tinyExamples, tinyFolder } from '../../tests/tiny-squad.ts'
import { pipeline } from '../api/pipeline.ts'
import type { Example } from '../squad/types.ts'
import type { AnswerResponse, BatchResponse, ModelList } from './http/contract.ts'

const [first, second] = tinyExamples(2) as [Example, Example]

describe('the service', () => {
  let service: TinyService
  beforeAll(async () => {
    service = await tinyService()
  })
  afterAll(() => service.close())

  it('returns the same answers as pipeline.search', async () => {
    const { question, context } = first
    const response = await service.app.inject({
      method: 'POST',
      url: '/api/answer',
      payload: { question, context, top_k: 3 },
    })
    const { answers, no_answer, ...rest } = response.json<AnswerResponse>()
    const search = await pipeline('question-answering', tinyFolder)
    const expected = await search.search(question, [context], { top_k: 3 })
    await search.dispose()
    expect(response.statusCode).toBe(200)
    expect(rest).toMatchObject({ model: 'tiny', windows: 1 })
    expect(no_answer.odds).toBeCloseTo(expected.null_odds, 5)
    expect(answers).toHaveLength(3)
    for (const [i, { document, score, ...candidate }] of expected.candidates.entries()) {
      expect(answers[i]).toMatchObject({ answer: candidate.answer, start: candidate.start, context: document })
      expect(answers[i].score).toBeCloseTo(score, 5)
    }
  })

  it('returns the same answers for a batch as for single questions', async () => {
    const each = await Promise.all(
      [first, second].map(({ question, context }) =>
        service.app.inject({ method: 'POST', url: '/api/answer', payload: { question, context } }),
      ),
    )
    const inputs = [first, second].map(({ question, context }) => ({ question, context }))
    const batch = await service.app.inject({ method: 'POST', url: '/api/batch', payload: { inputs } })
    const { results } = batch.json<BatchResponse>()
    expect(results.map(({ answers }) => answers[0].answer)).toEqual(
      each.map((response) => response.json<AnswerResponse>().answers[0].answer),
    )
  })

  it('ends a stream with the same answers as /api/batch', async () => {
    const context = tinyText(3000)
    const payload = { questions: ['who is in ro?'], context, top_k: 5 }
    const whole = await service.app.inject({ method: 'POST', url: '/api/batch', payload })
    const stream = await service.app.inject({ method: 'POST', url: '/api/stream', payload })
    const events = parseStream(stream.body)
    const names = events.map(({ event }) => event)
    expect(stream.headers['content-type']).toContain('text/event-stream')
    expect(names[0]).toBe('start')
    expect(names).toContain('progress')
    expect(names.slice(-2)).toEqual(['answer', 'end'])
    const { result } = events.at(-2)!.data as { result: BatchResponse['results'][number] }
    const expected = whole.json<BatchResponse>().results[0]
    expect(result.answers.map(({ start, end }) => [start, end])).toEqual(
      expected.answers.map(({ start, end }) => [start, end]),
    )
  })

  it('lists its models and limits', async () => {
    const { models, limits } = (await service.app.inject('/api/models')).json<ModelList>()
    expect(models).toMatchObject([{ id: 'tiny', default: true, layers: 2, max_seq_length: 64 }])
    expect(limits.context).toBe(2_000_000)
  })

  it('answers in the format of the Hugging Face API', async () => {
    const { question, context } = first
    const expected = await pipeline('question-answering', tinyFolder)
    const wanted = await expected(question, context)
    await expected.dispose()
    for (const url of ['/', '/models/tiny']) {
      const response = await service.app.inject({ method: 'POST', url, payload: { inputs: { question, context } } })
      expect(response.json()).toEqual({ ...wanted, score: expect.closeTo(wanted.score, 5) })
    }
  })
})
