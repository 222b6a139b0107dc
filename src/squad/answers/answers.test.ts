import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeShared, shared } from '../../../tests/shared.ts'
import { readExamples, readJson, readLogits, readWindows } from '../../../tests/squad-reference.ts'
import { tokenizerFromVocab } from '../../text/reading/tokenizer-files.ts'
import { squadMetrics } from '../metrics/metrics.ts'
import type { Window } from '../types.ts'
import { WindowCutter } from '../windows.ts'
import { answerExamples, type DocumentLogits, findAnswers } from './answers.ts'
import type { WindowLogits } from './document-logits.ts'
import { wordRanges } from './words.ts'

describeShared('findAnswers on the recorded logits', () => {
  const folder = shared('reference/postprocess')
  const examples = readExamples(`${folder}/examples.json`)
  const windows = readWindows(`${folder}/windows.json`, examples)
  const logits = readLogits(`${folder}/logits.safetensors`)
  const answers = answerExamples(examples, windows, logits, { top_k: 20 })

  test('returns the answers of run_qa to all 260 questions, and thus the official EM and F1', () => {
    const predictions = new Map(examples.map(({ id }, i) => [id, answers[i].candidates[0].answer]))
    expect(Object.fromEntries(predictions)).toEqual(readJson(`${folder}/v1/predictions.json`))
    const recorded = readJson<{ v1: Record<string, object> }>(`${folder}/metrics-v1.json`).v1
    for (const [file, expected] of Object.entries(recorded).slice(0, 2)) {
      const metrics = squadMetrics(
        predictions,
        examples.filter((example) => example.file === file),
      )
      expect(expected).toMatchObject({ exact_match: metrics.exact_match, f1: metrics.f1 })
    }
  })

  test('returns the null odds of run_qa', () => {
    const recorded = readJson<Record<string, number>>(`${folder}/v2-threshold-0/null_odds.json`)
    // run_qa subtracts in float32, with two roundings of numbers below 16.
    for (const [i, { id }] of examples.entries())
      expect(Math.abs(answers[i].null_odds - recorded[id])).toBeLessThan(2e-6)
  })

  test.each([
    ['0', 0],
    ['minus-2', -2],
    ['minus-8', -8],
  ])('returns "" for the same questions as run_qa, at threshold %s', (name, null_score_diff_threshold) => {
    const found = answerExamples(examples, windows, logits, {
      handle_impossible_answer: true,
      null_score_diff_threshold,
    })
    const predictions = examples.map(({ id }, i) => [id, found[i].candidates[0].answer])
    expect(Object.fromEntries(predictions)).toEqual(readJson(`${folder}/v2-threshold-${name}/predictions.json`))
  })
})

test.each([
  [' Moon', { answer: 'Moon', start: 4, end: 8 }],
  [' ', { answer: ' ', start: 3, end: 4 }],
])('quotes an answer without the white space of its token %j', (token, expected) => {
  const window = { example: 0, input_ids: Int32Array.of(0, 1, 2), context_start: 1, context_end: 2 }
  const windows = [{ ...window, offsets: Int32Array.of(0, 0, 3, 3 + token.length, 0, 0) }]
  const logits = [{ start_logits: Float32Array.of(0, 1, 0), end_logits: Float32Array.of(0, 1, 0) }]
  expect(findAnswers([{ context: `the${token}`, windows, logits }]).candidates[0]).toMatchObject(expected)
})

/** Windows of `size` characters with the given overlap, where each character is a token, with [CLS] but no question. */
function lettersOf(context: string, size: number, overlap: number, logitsOf: (i: number) => [number, number]) {
  const windows: Window[] = []
  const logits: WindowLogits[] = []
  for (let first = 0; ; first += size - overlap) {
    const letters = [...context].slice(first, first + size)
    const values = [[-1, -1] as [number, number], ...letters.map((_, i) => logitsOf(first + i)), [-1, -1]]
    windows.push({
      example: 0,
      input_ids: Int32Array.of(101, ...letters.map((letter) => letter.codePointAt(0)!), 102),
      context_start: 1,
      context_end: 1 + letters.length,
      offsets: Int32Array.of(0, 0, ...letters.flatMap((_, i) => [first + i, first + i + 1]), 0, 0),
    })
    logits.push({
      start_logits: Float32Array.from(values, ([start]) => start),
      end_logits: Float32Array.from(values, ([, end]) => end),
    })
    if (first + size >= context.length) return { context, windows, logits }
  }
}

describe('findAnswers', () => {
  const flat = () => [0, 0] as [number, number]

  test('counts a span in two windows once', () => {
    // 6 letters have 6 + 5 spans of up to 2 letters, in windows of 4 with an overlap of 2.
    const { candidates } = findAnswers([lettersOf('abcdef', 4, 2, flat)], { top_k: 50, max_answer_length: 2 })
    expect(candidates.map(({ answer }) => answer)).toEqual('a ab b bc c cd d de e ef f'.split(' '))
    for (const { score } of candidates) expect(score).toBeCloseTo(1 / 11, 12)
  })

  test('finds no answer across two windows that do not overlap', () => {
    const { candidates } = findAnswers([lettersOf('abcdef', 3, 0, flat)], { top_k: 50, max_answer_length: 2 })
    expect(candidates.map(({ answer }) => answer)).toEqual('a ab b bc c d de e ef f'.split(' '))
  })

  test('ranks the answers of several documents together, with probabilities that add up to 1', () => {
    const documents = [lettersOf('abc', 4, 2, flat), lettersOf('xyz', 2, 1, (i) => (i === 1 ? [2, 2] : [0, 0]))]
    const { candidates } = findAnswers(documents, { top_k: 50, max_answer_length: 3 })
    expect(candidates[0]).toMatchObject({ answer: 'y', document: 1, start: 1, end: 2 })
    expect(candidates).toHaveLength(6 + 5)
    expect(candidates.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 12)
  })

  test('ranks "" by its score minus the threshold', () => {
    const documents = [lettersOf('abc', 4, 2, (i) => [i, 0])]
    const answersAt = (null_score_diff_threshold: number) =>
      findAnswers(documents, {
        top_k: 3,
        max_answer_length: 1,
        handle_impossible_answer: true,
        null_score_diff_threshold,
      })
    const { candidates, null_score, null_odds } = answersAt(-3.5)
    expect(null_score).toBe(-2)
    expect(null_odds).toBe(-4)
    expect(candidates.map(({ answer, logit }) => [answer, logit])).toEqual([
      ['c', 2],
      ['', 1.5],
      ['b', 1],
    ])
    expect(answersAt(-4.5).candidates[0]).toMatchObject({ answer: '', start: 0, end: 0 })
    expect(answersAt(-4).candidates[0].answer).toBe('c')
  })

  test('changes probabilities, but not ranks, with a temperature', () => {
    const documents = [lettersOf('abc', 4, 2, (i) => [i, i])]
    const [cold, hot] = [0.5, 4].map((temperature) => findAnswers(documents, { top_k: 6, temperature }).candidates)
    expect(hot.map(({ answer }) => answer)).toEqual(cold.map(({ answer }) => answer))
    expect(hot[0].score).toBeLessThan(cold[0].score)
    expect(hot.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 12)
  })

  test('returns "" with score 0 if there are no context tokens', () => {
    expect(findAnswers([lettersOf('', 4, 2, flat)]).candidates).toEqual([
      { answer: '', score: 0, logit: -2, start_logit: -1, end_logit: -1, start: 0, end: 0, document: 0 },
    ])
  })

  test.each([
    [{ top_k: 0 }, /top_k is 0, expected at least 1/],
    [{ max_answer_length: 0 }, /max_answer_length is 0, expected at least 1/],
    [{ temperature: 0 }, /temperature is 0, expected a positive number/],
  ])('rejects %j', (options, message) => {
    expect(() => findAnswers([lettersOf('abc', 4, 2, flat)], options)).toThrow(message)
  })

  test('rejects fewer logits than tokens', () => {
    const { context, windows, logits } = lettersOf('abc', 4, 2, flat)
    const short = logits.map(({ start_logits, end_logits }) => ({ start_logits, end_logits: end_logits.subarray(1) }))
    expect(() => findAnswers([{ context, windows, logits: short }])).toThrow(/window 0 has 4 logits.*each of its 5/)
  })
})

test('findAnswers rejects a document without windows', () => {
  expect(() => findAnswers([{ context: 'abc', windows: [], logits: [] }])).toThrow(/no windows, expected at least one/)
})

describe('findAnswers in random texts', () => {
  // Jamo and a combining mark: characters with several tokens, and tokens with several characters.
  const letters = [...'abcdefghijklmnopqrstuvwxyz가나ᄀᄂ아ᅡ한ᄒᆫ上é😀.-!א'.normalize('NFKD')]
  const vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...new Set(letters.flatMap((l) => [l, `##${l}`]))]
  const tokenizer = tokenizerFromVocab(vocab.join('\n'))
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...'ab ab ', '가나', '한', '上', 'é', 'e\u0301', '😀', ' ', '\n', '.', '-', 'א'),
      fc.string({ unit: 'binary', maxLength: 2 }),
    ),
    maxLength: 40,
  })
  const documents = fc
    .record({
      context: text,
      seed: fc.integer(),
      max_seq_length: fc.integer({ min: 8, max: 20 }),
      aligned: fc.boolean(),
    })
    .map(({ context, seed, max_seq_length, aligned }): DocumentLogits => {
      const example = { id: 'q', question: 'a?', context, answers: [] }
      const windows = new WindowCutter(tokenizer, { max_seq_length, doc_stride: 2 }).cut(example, 0)
      const noise = (window: number, salt: number) => (_: unknown, i: number) =>
        4 * Math.sin(seed + 7919 * window + 104729 * salt + 31 * i * i)
      const logits = windows.map(({ input_ids }, w) => ({
        start_logits: Float32Array.from(input_ids, noise(w, 1)),
        end_logits: Float32Array.from(input_ids, noise(w, 2)),
      }))
      return { context, windows, logits, words: aligned ? wordRanges(tokenizer.encode(context)) : undefined }
    })

  test('returns distinct answers that match their positions, with probabilities that add up to 1', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const { candidates } = findAnswers([document], { top_k: 10_000, max_answer_length: 5 })
        const places = new Set(candidates.map(({ start, end }) => `${start}-${end}`))
        expect(places.size).toBe(candidates.length)
        for (const { answer, start, end } of candidates) {
          expect(answer).toBe(document.context.slice(start, end))
          if (answer !== '') expect(answer.trim()).not.toBe('')
        }
        if (candidates[0].answer === '') expect(candidates).toMatchObject([{ score: 0 }])
        else expect(candidates.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 10)
      }),
      { numRuns: 1000 },
    )
  })

  test('returns aligned answers that start and end at word boundaries', () => {
    fc.assert(
      fc.property(documents, (document) => {
        fc.pre(document.words !== undefined)
        const edges = new Set(document.words)
        const { candidates } = findAnswers([document], { top_k: 20, max_answer_length: 5 })
        for (const { answer, start, end } of candidates)
          if (answer !== '') expect(edges.has(start) && edges.has(end)).toBe(true)
      }),
    )
  })
})

describe('contexts with priors', () => {
  const windowOf = (context: string) => ({
    ...{ example: 0, input_ids: Int32Array.of(0, 1, 2, 3), context_start: 1, context_end: 3 },
    offsets: Int32Array.of(0, 0, 0, 1, 2, 3, 0, 0),
    context,
  })
  /** A context of two words with the logits of [CLS] and of the words. */
  const contextWith = (context: string, logits: readonly number[], prior?: number): DocumentLogits => {
    const values = Float32Array.of(...logits, 0)
    return { context, windows: [windowOf(context)], logits: [{ start_logits: values, end_logits: values }], prior }
  }
  const options = { top_k: 10, handle_impossible_answer: true }

  test('compete by their priors, however large their logits are', () => {
    const a = contextWith('a b', [0, 1, 0], Math.log(0.9))
    const b = contextWith('c d', [7, 9, 7], Math.log(0.1))
    expect(findAnswers([a, b]).candidates[0].answer).toBe('a')
    expect(findAnswers([a, b].map((one) => ({ ...one, prior: undefined }))).candidates[0].answer).toBe('c')
  })

  test('give each context its prior: the answers in it and its "no answer" add up to it', () => {
    const priors = [0.7, 0.3]
    const logits = [
      [2, 1, 0.5],
      [-1, 3, 1],
    ]
    const documents = priors.map((prior, i) => contextWith(i ? 'c d' : 'a b', logits[i], Math.log(prior)))
    for (const temperature of [1, 2]) {
      const { candidates } = findAnswers(documents, { ...options, temperature })
      expect(candidates.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 10)
      const none = logits.map((own, i) => {
        const sums = [own[0] + own[0], own[1] + own[1], own[1] + own[2], own[2] + own[2]]
        const [cls, ...spans] = sums.map((sum) => Math.exp(sum / temperature))
        const total = cls + spans.reduce((sum, one) => sum + one)
        const answers = candidates.filter(({ answer, document }) => answer && document === i)
        expect(answers.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(priors[i] * (1 - cls / total), 10)
        return (priors[i] * cls) / total
      })
      expect(candidates.find(({ answer }) => !answer)!.score).toBeCloseTo(none[0] + none[1], 10)
    }
  })

  test('rank and score as without one if there is a single context', () => {
    const without = findAnswers([contextWith('a b', [1, 2, 0])], options)
    const alone = findAnswers([contextWith('a b', [1, 2, 0], 0)], options)
    expect(alone.candidates.map(({ answer }) => answer)).toEqual(without.candidates.map(({ answer }) => answer))
    for (const [i, { score }] of alone.candidates.entries()) expect(score).toBeCloseTo(without.candidates[i].score, 10)
    expect(alone.null_odds).toBeCloseTo(without.null_odds, 10)
  })
})
