import { describe, expect, it, vi } from 'vitest'
import { tinyText, tinyTokenizer } from '../../../tests/tiny-service.ts'
import { createWindows } from '../../squad/windows.ts'
import { TokenizedRequest } from './tokenized-request.ts'
import type { TokenizingTask } from './tokenizing-task.ts'
import { WindowRows } from './window-rows.ts'

async function read(task: Partial<TokenizingTask> & Pick<TokenizingTask, 'texts' | 'asked'>) {
  const tokenizer = await tinyTokenizer()
  const encode = vi.spyOn(tokenizer, 'encodeSteps')
  const windows = { max_seq_length: 64, doc_stride: 16 }
  const steps = TokenizedRequest.steps(tokenizer, { windows, max_windows: 1e7, ...task })
  let count = 0
  for (;;) {
    const step = steps.next()
    if (step.done) return { tokenizer, encode, steps: count, request: step.value }
    count++
  }
}

const questions = (count: number) => Array.from({ length: count }, (_, i) => ({ question: `who is ${i}?`, texts: [0] }))

describe('TokenizedRequest', () => {
  it('tokenizes a text once for a thousand questions, in steps, without creating windows', async () => {
    const text = tinyText(60_000)
    const { request, encode, steps } = await read({ texts: [text], asked: questions(1000) })
    expect(encode.mock.calls).toEqual([[text]])
    // A step processes 16,384 characters of a text, or one question.
    expect(steps).toBeGreaterThan(1000 + text.length / 20_000)
    const { texts } = request.plan
    // Only the tokens of the text and the questions are sent to the main thread.
    expect(texts).toHaveLength(1)
    expect(new WindowRows(request.plan).count).toBeGreaterThan(1_000_000)
  })

  it('counts windows before creating any, and reports their number and the maximum', async () => {
    const windows = { max_seq_length: 64, doc_stride: 57 } // windows advance by one token
    await expect(
      read({ texts: [tinyText(5000)], asked: [{ question: 'ro', texts: [0] }], windows, max_windows: 1000 }),
    ).rejects.toThrow(
      /^The request needs [456],\d{3} windows of 64 tokens \(1 question, doc_stride 57\); the maximum is 1,000/,
    )
  })

  it('creates the same rows as createWindows', async () => {
    const texts = [tinyText(150), tinyText(7), tinyText(64)]
    const asked = [
      { question: 'who is in ro?', texts: [0, 2] },
      { question: 'is bo?', texts: [1, 0] },
    ]
    const { request, tokenizer } = await read({ texts, asked })
    const rows = new WindowRows(request.plan)
    const examples = asked.flatMap(({ question, texts: own }) =>
      own.map((text) => ({ id: '', question, context: texts[text], answers: [] })),
    )
    const windows = createWindows(tokenizer, examples, { max_seq_length: 64, doc_stride: 16 })
    expect(Array.from({ length: rows.count }, (_, i) => [...rows.row(i).input_ids])).toEqual(
      windows.map(({ input_ids }) => [...input_ids]),
    )
    expect(Array.from({ length: rows.count }, (_, i) => rows.length(i))).toEqual(
      windows.map(({ input_ids }) => input_ids.length),
    )
    expect(rows.tokens).toBe(windows.reduce((sum, { input_ids }) => sum + input_ids.length, 0))
    expect([...rows.row(1).token_type_ids].indexOf(1)).toBe(windows[1].context_start)
  })
})
