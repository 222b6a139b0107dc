import { describe, expect, test } from 'vitest'
import { expectedCalibrationError, type JudgedAnswer, reliabilityBins } from '../metrics/calibration.ts'
import { judgeGiven, judgeQuestions } from '../metrics/judged-questions.ts'
import type { Example, Window } from '../types.ts'
import { type DocumentLogits, findAnswers } from './answers.ts'
import { type AnswerEvidence, answerConfidence, type ConfidenceModel, fitConfidence } from './confidence.ts'
import { logistic } from './logistic-regression.ts'

const model: ConfidenceModel = {
  answer: { intercept: -1.5, lead: 0.4, share: 1, presence: 0.25, length: -0.3, windows: -0.1 },
}

/** A window of words, each of which is a token with its start and end logit. Those of [CLS] are 0. */
function windowOf(context: string, first: number, words: readonly (readonly [number, number])[]) {
  const places = [...context.matchAll(/\S+/g)].map(({ 0: word, index }) => [index, index + word.length] as const)
  const own = places.slice(first, first + words.length)
  const window: Window = {
    example: 0,
    input_ids: Int32Array.of(101, ...own.map((_, i) => 1000 + first + i), 102),
    context_start: 1,
    context_end: 1 + own.length,
    offsets: Int32Array.of(0, 0, ...own.flat(), 0, 0),
  }
  const side = (which: 0 | 1) => Float32Array.of(0, ...words.map((logits) => logits[which]), 0)
  return { window, logits: { start_logits: side(0), end_logits: side(1) } }
}

/** "the cat sat under the drip tray", followed by any number of windows without answers. */
function story(answer: readonly (readonly [number, number])[], more = 0): DocumentLogits {
  const filler = Array.from({ length: 60 * more }, (_, i) => `word${i}`)
  const context = ['the cat sat under the drip tray', ...filler].join(' ')
  const dull = Array.from({ length: 60 }, () => [-1, -1] as const)
  const parts = [
    windowOf(context, 0, answer),
    ...Array.from({ length: more }, (_, i) => windowOf(context, 7 + 60 * i, dull)),
  ]
  return { context, windows: parts.map(({ window }) => window), logits: parts.map(({ logits }) => logits) }
}
const low = [-2, -2] as const
const oneWording = [low, low, low, low, low, [3, -2], [-2, 3]] as const

describe('The confidence of an answer', () => {
  test('does not decrease with the length of the text, unlike the probability', () => {
    const [short, long] = [0, 9].map(
      (more) => findAnswers([story(oneWording, more)], { confidence: model }).candidates[0],
    )
    expect(short.answer).toBe('drip tray')
    expect(long.answer).toBe('drip tray')
    expect(long.score).toBeLessThan(short.score / 4)
    expect(Math.abs(long.confidence! - short.confidence!)).toBeLessThan(0.1)
  })

  test('is null for all but the best of several overlapping wordings', () => {
    // "under the drip tray", "the drip tray" and "drip tray" are equally probable.
    const wordings = [low, low, low, [3, -2], [3, -2], [3, -2], [-2, 3]] as const
    const { candidates } = findAnswers([story(wordings)], { top_k: 3, confidence: model })
    expect(candidates.map(({ answer }) => answer)).toEqual(['under the drip tray', 'the drip tray', 'drip tray'])
    expect(candidates[0].score).toBeCloseTo(candidates[2].score, 6)
    const alone = findAnswers([story(oneWording)], { confidence: { answer: { ...model.answer, length: 0 } } })
    const shared = findAnswers([story(wordings)], { top_k: 3, confidence: { answer: { ...model.answer, length: 0 } } })
    expect(shared.candidates.map(({ confidence }) => confidence)).toEqual([
      expect.closeTo(alone.candidates[0].confidence!, 6),
      null,
      null,
    ])
  })

  test('does not change answers, probabilities and their order', () => {
    const plain = findAnswers([story(oneWording, 2)], { top_k: 9, handle_impossible_answer: true })
    const options = { top_k: 9, handle_impossible_answer: true, confidence: model }
    const { candidates } = findAnswers([story(oneWording, 2)], options)
    expect(candidates.map(({ confidence, ...rest }) => rest)).toEqual(plain.candidates)
    for (const candidate of plain.candidates) expect(candidate).not.toHaveProperty('confidence')
  })

  test('compares an answer with the answers in all documents', () => {
    const rival = story([low, [2, 2], low, low, low, low, low])
    const [alone, contested] = [[story(oneWording)], [story(oneWording), rival]].map(
      (documents) => findAnswers(documents, { top_k: 2, confidence: model, evidence: true }).candidates,
    )
    expect(contested[0]).toMatchObject({ answer: 'drip tray', evidence: { lead: 6 - 4 } })
    expect(contested[1]).toMatchObject({ answer: 'cat', document: 1, evidence: { lead: 4 - 6 } })
    expect(contested[0].confidence).toBeLessThan(alone[0].confidence!)
    expect(contested[1].confidence).toBeLessThan(contested[0].confidence!)
  })

  test('uses the lead over another place regardless of top_k', () => {
    const wordings = [[1, 1], low, low, [3, -2], [3, -2], [3, -2], [-2, 3]] as const
    for (const top_k of [1, 2, 20]) {
      const [best] = findAnswers([story(wordings)], { top_k, evidence: true }).candidates
      expect(best.evidence).toMatchObject({ lead: 4, presence: 6, length: Math.log(4), windows: 0 })
    }
  })

  test('uses the lead over "no answer" if there is only one place', () => {
    const { candidates } = findAnswers([story([[3, 2]])], { evidence: true })
    expect(candidates[0].evidence).toEqual({ lead: 5, presence: 5, length: 0, windows: 0 })
  })

  test('is the probability of no answer for "", if it was fitted', () => {
    const options = { top_k: 2, handle_impossible_answer: true, null_score_diff_threshold: -10 }
    const fitted = { ...model, no_answer: { intercept: 0, odds: 1 } }
    const { candidates, null_odds } = findAnswers([story(oneWording)], { ...options, confidence: fitted })
    expect(candidates[0]).toMatchObject({ answer: '', confidence: logistic(null_odds) })
    expect(findAnswers([story(oneWording)], { ...options, confidence: model }).candidates[0].confidence).toBeNull()
  })
})

/** Pseudorandom numbers, uniform in [0, 1). */
const noise = (i: number, salt: number) => (Math.abs(Math.sin(i * 12.9898 + salt * 78.233)) * 43758.5453) % 1

/** Evidence with known correctness. In long texts, leads are smaller and answers less often correct. */
function judged(count: number, salt: number, isLong: boolean) {
  const truth = ({ lead, presence, length, windows }: AnswerEvidence) =>
    logistic(-2 + 0.7 * lead + 0.2 * presence - 0.6 * length - 0.3 * windows)
  return Array.from({ length: count }, (_, i) => {
    const evidence = {
      lead: (isLong ? 3 : 6) * noise(i, salt),
      presence: 10 * noise(i, salt + 1),
      length: Math.log(1 + Math.floor(8 * noise(i, salt + 2))),
      windows: isLong ? Math.log(4 + Math.floor(4 * noise(i, salt + 4))) : 0,
    }
    const correct = noise(i, salt + 3) < truth(evidence)
    return { answers: [{ evidence, correct }], null_odds: -1, has_answer: true }
  })
}

describe('fitConfidence', () => {
  const fitted = fitConfidence([...judged(600, 1, false), ...judged(600, 11, true)])

  test.each([
    ['short', false],
    ['long', true],
  ])('predicts how often answers to other questions are correct in %s texts', (_, isLong) => {
    const answers = judged(6000, 21, isLong).map(
      ({ answers: [{ evidence, correct }] }): JudgedAnswer => ({
        confidence: answerConfidence(fitted, evidence),
        correct,
      }),
    )
    expect(expectedCalibrationError(reliabilityBins(answers, 15))).toBeLessThan(0.05)
    // It also separates correct from wrong answers, instead of giving all the same confidence.
    const mean = (correct: boolean) => {
      const own = answers.filter((answer) => answer.correct === correct)
      return own.reduce((sum, { confidence }) => sum + confidence, 0) / own.length
    }
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.1)
  })

  test('can represent a probability that levels off as the lead increases', () => {
    const truth = (lead: number) => logistic(-3 + 4 * logistic(lead))
    const lead = (i: number) => 30 * noise(i, 41) - 10
    const fittedOn = Array.from({ length: 2000 }, (_, i) => ({
      answers: [
        { evidence: { lead: lead(i), presence: 5, length: 0, windows: 0 }, correct: noise(i, 42) < truth(lead(i)) },
      ],
      null_odds: -1,
      has_answer: true,
    }))
    const model = fitConfidence(fittedOn)
    for (const lead of [-8, -4, 4, 10, 18])
      expect(answerConfidence(model, { lead, presence: 5, length: 0, windows: 0 })).toBeCloseTo(truth(lead), 1)
  })

  test('never decreases with a larger lead', () => {
    const { answer } = fitConfidence(
      judged(300, 31, false).map((question, i) => ({
        ...question,
        answers: question.answers.map(({ evidence }) => ({ evidence, correct: evidence.lead < 2 + noise(i, 5) })),
      })),
    )
    expect(answer.lead).toBe(0)
    const at = (lead: number) => answerConfidence(fitted, { lead, presence: 5, length: 1, windows: 0 })
    expect([0, 1, 2, 5, 20].map(at)).toEqual([0, 1, 2, 5, 20].map(at).sort((a, b) => a - b))
  })
})

test('the best three places of a question are judged by exact match', () => {
  const { context } = story(oneWording)
  const example: Example = { id: 'q', question: '?', context, answers: [{ text: 'The Drip tray', answer_start: 18 }] }
  const found = findAnswers([story(oneWording)], { top_k: 20, evidence: true })
  const [question] = judgeQuestions([example], [found])
  expect(question.answers.map(({ correct }) => correct)).toEqual([true, false, false])
  const rule = { handle_impossible_answer: false, null_score_diff_threshold: 0 }
  expect(judgeGiven(model, question, rule)).toMatchObject({ correct: true })
  const silent = { handle_impossible_answer: true, null_score_diff_threshold: -100 }
  expect(judgeGiven(model, question, silent)).toBeUndefined()
  const fitted = { ...model, no_answer: { intercept: 0, odds: 1 } }
  expect(judgeGiven(fitted, question, silent)).toEqual({ confidence: logistic(question.null_odds), correct: false })
})
