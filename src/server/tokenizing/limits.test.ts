/** A very long word is a single token, so each of a hundred answers to each of a thousand questions may contain it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TinyService, tinyService } from '../../../tests/tiny-service.ts'
import type { Problem } from '../http/contract.ts'

const question = 'who is in ro?'
const word = 'x'.repeat(1_000_000)
const among = `bo is ${word} in ro.`
const questions = (count: number) => Array.from({ length: count }, () => question)
const inputs = (count: number) => questions(count).map((question) => ({ question, context: word }))

describe('answers that exceed the character limit of a response', () => {
  let service: TinyService
  beforeAll(async () => {
    service = await tinyService({ bodyLimit: 16_000_000 })
  })
  afterAll(() => service.close())
  const post = (url: string, payload: object) => service.app.inject({ method: 'POST', url, payload })

  it.each([
    ['/api/answer', { question, context: among, top_k: 100 }],
    ['/api/batch', { questions: questions(9), context: word }],
    ['/', { inputs: inputs(9) }],
    ['/models/tiny', { inputs: { question, context: among }, parameters: { top_k: 100 } }],
  ])('are rejected at %s', async (url, payload) => {
    const response = await post(url, payload)
    expect(response.json<Problem>()).toMatchObject({
      status: 422,
      detail: expect.stringContaining('more than 8,000,000 characters'),
      remedy: expect.stringContaining('top_k'),
    })
  })

  it('end a stream with an error', async () => {
    const { body } = await post('/api/stream', { questions: questions(9), context: word })
    expect(body.match(/^event: \w+$/gm)?.filter((line) => line !== 'event: progress')).toEqual([
      'event: start',
      ...questions(8).map(() => 'event: answer'),
      'event: error',
    ])
  })

  it('are sent when they are exactly at the limit', async () => {
    const { statusCode, body } = await post('/api/batch', { questions: questions(8), context: word })
    expect([statusCode, body.split(word).length - 1]).toEqual([200, 8])
  })
})
