import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bestSpans, type ContextLogits, LogSum, type Span } from './best-spans.ts'

/** A document of `tokens` tokens in overlapping windows, with few different logits, so that many scores are equal. */
const documents = fc
  .record({ tokens: fc.integer({ min: 1, max: 30 }), size: fc.integer({ min: 1, max: 12 }) })
  .chain(({ tokens, size }) =>
    fc.record({
      tokens: fc.constant(tokens),
      logitsByWindow: fc.integer({ min: 0, max: size - 1 }).chain((overlap) => {
        const firsts = [0]
        while (firsts[firsts.length - 1] + size < tokens) firsts.push(firsts[firsts.length - 1] + size - overlap)
        return fc.tuple(...firsts.map((first) => contextLogits(first, Math.min(size, tokens - first))))
      }),
    }),
  )
const logit = fc.integer({ min: -12, max: 12 }).map((x) => x / 4)
const contextLogits = (first: number, length: number) => {
  const logits = fc.array(logit, { minLength: length, maxLength: length }).map((xs) => Float32Array.from(xs))
  return fc.record({ first: fc.constant(first), start_logits: logits, end_logits: logits })
}
const options = fc.record({
  top_k: fc.integer({ min: 1, max: 8 }),
  max_answer_length: fc.integer({ min: 1, max: 6 }),
  temperature: fc.constantFrom(0.5, 1, 3),
})

/** All pairs of tokens, in each window that contains both. */
function everySpan(logitsByWindow: readonly ContextLogits[], tokens: number, max_answer_length: number): Span[] {
  const spans: Span[] = []
  for (let start = 0; start < tokens; start++)
    for (let end = start; end < tokens && end - start < max_answer_length; end++) {
      const scores = logitsByWindow
        .filter(({ first, start_logits }) => start >= first && end < first + start_logits.length)
        .map(({ first, start_logits, end_logits }) => start_logits[start - first] + end_logits[end - first])
      if (scores.length > 0) spans.push({ start, end, score: Math.max(...scores) })
    }
  return spans
}

test('the best spans and their order match an exhaustive search', () => {
  fc.assert(
    fc.property(documents, options, ({ tokens, logitsByWindow }, options) => {
      // Sorting is stable, so that spans with equal scores stay sorted by start, then by length.
      const all = everySpan(logitsByWindow, tokens, options.max_answer_length).sort((a, b) => b.score - a.score)
      expect(bestSpans(logitsByWindow, options).spans).toEqual(all.slice(0, options.top_k))
    }),
    { numRuns: 500 },
  )
})

test('the probabilities of all spans add up to 1', () => {
  fc.assert(
    fc.property(documents, options, ({ tokens, logitsByWindow }, options) => {
      const all = everySpan(logitsByWindow, tokens, options.max_answer_length)
      const { log_total } = bestSpans(logitsByWindow, options)
      const sum = all.reduce((sum, { score }) => sum + Math.exp(score / options.temperature - log_total), 0)
      expect(sum).toBeCloseTo(1, 12)
    }),
  )
})

const one = (start: number[], end: number[]): ContextLogits[] => [
  { first: 0, start_logits: Float32Array.from(start), end_logits: Float32Array.from(end) },
]

test('a span never ends before its start, even if the logits are largest there', () => {
  const { spans } = bestSpans(one([0, 0, 9], [9, 1, 0]), { top_k: 2, max_answer_length: 3 })
  expect(spans).toEqual([
    { start: 0, end: 0, score: 9 },
    { start: 2, end: 2, score: 9 },
  ])
})

test('spans start and end only at allowed tokens', () => {
  const edges = { mayStart: Uint8Array.of(0, 1, 0), mayEnd: Uint8Array.of(1, 0, 1) }
  const { spans, log_total } = bestSpans(one([9, 1, 9], [9, 9, 2]), { top_k: 5, max_answer_length: 3, ...edges })
  expect(spans).toEqual([{ start: 1, end: 2, score: 3 }])
  expect(log_total).toBe(3)
})

test('there are no spans without tokens', () => {
  expect(bestSpans(one([], []), { top_k: 1, max_answer_length: 1 })).toEqual({ spans: [], log_total: -Infinity })
})

test.each([NaN, Infinity])('logits with %s are rejected', (bad) => {
  expect(() => bestSpans(one([1, bad], [1, 2]), { top_k: 1, max_answer_length: 2 })).toThrow(/NaN or infinity/)
})

const logSum = (...xs: number[]): number => {
  const total = new LogSum()
  for (const x of xs) total.add(x)
  return total.value
}

test('computes the log of the sum in any order', () => {
  expect(logSum(0, 1, 2)).toBeCloseTo(Math.log(1 + Math.E + Math.E ** 2), 14)
  expect(logSum(2, 0, 1)).toBeCloseTo(Math.log(1 + Math.E + Math.E ** 2), 14)
})

test('does not overflow or underflow', () => {
  expect(logSum(-2000, 1000, 1000 + Math.log(3))).toBeCloseTo(1000 + Math.log(4), 12)
  expect(logSum(-2000, -2000)).toBeCloseTo(-2000 + Math.log(2), 12)
})

test('is -Infinity without values or with only -Infinity', () => {
  expect(logSum()).toBe(-Infinity)
  expect(logSum(-Infinity, -Infinity)).toBe(-Infinity)
  expect(logSum(-Infinity, 3)).toBe(3)
})

test('propagates NaN', () => {
  expect(logSum(1, NaN, 2)).toBeNaN()
})
