import { describe, expect, test } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import { describeShared, shared } from '../../../tests/shared.ts'
import { readExamples, readJson, readLogits, readWindows } from '../../../tests/squad-reference.ts'
import { tokenizerFromJson } from '../../text/reading/tokenizer-files.ts'
import { wordRanges } from '../answers/words.ts'
import type { Window } from '../types.ts'
import { type PipelineAnswer, type PipelineAnswerOptions, pipelineAnswers } from './pipeline-answers.ts'

interface RecordedAnswer {
  score: number
  answer: string
  start_utf16: number
  end_utf16: number
}
interface RecordedCall {
  question: string
  context: string
  options: PipelineAnswerOptions & { align_to_words?: boolean; max_seq_len?: number; doc_stride?: number }
  /** A single answer is not in a list. */
  output: RecordedAnswer | RecordedAnswer[]
}

/** Compares texts and positions exactly, and scores with the tolerance of the reference: 1e-4 relative or 1e-6 absolute. */
function expectAnswers(found: readonly PipelineAnswer[], output: RecordedCall['output']): void {
  const expected = [output].flat()
  expect(found.map(({ answer, start, end }) => ({ answer, start, end }))).toEqual(
    expected.map(({ answer, start_utf16, end_utf16 }) => ({ answer, start: start_utf16, end: end_utf16 })),
  )
  for (const [i, { score }] of found.entries())
    expect(Math.abs(score - expected[i].score)).toBeLessThanOrEqual(Math.max(1e-6, 1e-4 * expected[i].score))
}

interface RecordedDocument {
  words: number[]
  windows: {
    input_ids: number[]
    context_start: number
    offsets: number[]
    start_logits: number[]
    end_logits: number[]
  }[]
}

describe('pipelineAnswers for short and difficult texts, with logits of the same model in torch', () => {
  const { calls, documents } = fixtureJson<{
    calls: (RecordedCall & { document: number })[]
    documents: RecordedDocument[]
  }>('postprocess/pipeline-calls.json')

  const answersOf = ({ context, options, document }: (typeof calls)[number]) => {
    const { words, windows } = documents[document]
    const inputs = windows.map(
      ({ input_ids, context_start, offsets }): Window => ({
        example: 0,
        input_ids: Int32Array.from(input_ids),
        context_start,
        context_end: input_ids.length - 1,
        offsets: Int32Array.from(offsets),
      }),
    )
    const logits = windows.map(({ start_logits, end_logits }) => ({
      start_logits: Float32Array.from(start_logits),
      end_logits: Float32Array.from(end_logits),
    }))
    return pipelineAnswers(context, inputs, logits, { ...options, words: Int32Array.from(words) })
  }

  // The reference is wrong here: "Bob." has three spans, top_k is 5, and Python adds a fourth answer, "" with score 0, from
  // the spans that its mask set to 0 (end before start, [CLS]), although handle_impossible_answer is not set.
  const isFilledUp = ({ context, options }: RecordedCall) => context === 'Bob.' && options.top_k === 5

  test.each(
    calls.filter((call) => !isFilledUp(call)).map((call) => [call.question.slice(0, 60), call.options, call] as const),
  )('%s %j', (_, __, call) => expectAnswers(answersOf(call), call.output))

  test('omit the "" with score 0 that Python adds if there are fewer spans than top_k', () => {
    const call = calls.find(isFilledUp)!
    const output = [call.output].flat()
    expect(output.at(-1)).toMatchObject({ answer: '', score: 0 })
    expectAnswers(answersOf(call), output.slice(0, -1))
  })
})

describeShared('pipelineAnswers for the recorded logits', () => {
  const folder = shared('reference/postprocess')
  const model = shared('models/minilm-qa-reference')
  const tokenizer = tokenizerFromJson(readJson(`${model}/tokenizer.json`), readJson(`${model}/tokenizer_config.json`))
  const examples = readExamples(`${folder}/examples.json`)
  const windows = readWindows(`${folder}/windows.json`, examples)
  const logits = readLogits(`${folder}/logits.safetensors`, windows)
  const exampleOf = ({ question, context }: RecordedCall) =>
    examples.findIndex((example) => example.question === question && example.context === context)

  // The recorded windows are the pipeline's own: 384 tokens, 128 shared.
  const calls = readJson<{ calls: RecordedCall[] }>(`${folder}/pipeline.json`).calls.filter(
    (call) => call.output !== undefined && call.options.max_seq_len === undefined && exampleOf(call) >= 0,
  )

  test('match Python for every call with a recorded question', () => {
    expect(calls.length).toBeGreaterThan(100)
    for (const call of calls) {
      const own = windows.flatMap(({ example }, i) => (example === exampleOf(call) ? [i] : []))
      const words = call.options.align_to_words === false ? undefined : wordRanges(tokenizer.encode(call.context))
      const found = pipelineAnswers(
        call.context,
        own.map((i) => windows[i]),
        own.map((i) => logits[i]),
        { ...call.options, words },
      )
      expectAnswers(found, call.output)
    }
  })
})

test.each([{ top_k: 0 }, { max_answer_len: 0 }])('%j is rejected', (options) => {
  expect(() => pipelineAnswers('Bob.', [], [], options)).toThrow(/is 0, expected at least 1/)
})

test('candidates are counted once per place, and rejected above a number of characters', () => {
  const context = 'x'.repeat(1000)
  const window: Window = {
    example: 0,
    input_ids: new Int32Array([2, 7, 3, 1, 3]),
    offsets: new Int32Array([0, 0, 0, 3, 0, 0, 0, 1000, 0, 0]),
    context_start: 3,
    context_end: 4,
  } as Window
  const logits = { start_logits: new Float32Array(5), end_logits: new Float32Array(5) }
  const windows = Array(100).fill(window)
  const answers = (max_characters: number) =>
    pipelineAnswers(context, windows, Array(100).fill(logits), { max_characters })
  expect(answers(1000)[0].answer).toBe(context)
  expect(() => answers(999)).toThrow(/candidate answers have more than 999 characters/)
})
