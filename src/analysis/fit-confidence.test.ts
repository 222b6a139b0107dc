import { expect, it } from 'vitest'
import { answerExamples } from '../squad/answers.ts'
import type { Example, Window } from '../squad/types.ts'
import { fitConfidence } from './fit-confidence.ts'

/** Questions over ten one-letter words, with logits that are too sure: scaled up by `scale`. */
function evaluation(scale: number) {
  const context = 'a b c d e f g h i j'
  const examples = Array.from({ length: 60 }, (_, i): Example => ({ id: `${i}`, question: '?', context, answers: [] }))
  const offsets = Int32Array.from({ length: 26 }, (_, i) => (i < 4 || i > 23 ? 0 : i - 4))
  const windows = examples.map(
    (_, example): Window => ({ example, input_ids: new Int32Array(13), context_start: 2, context_end: 12, offsets }),
  )
  const logits = examples.map((_, i) => {
    const start_logits = Float32Array.from({ length: 13 }, (_, t) => scale * Math.sin(i * 7.3 + t * 2.1))
    return { start_logits, end_logits: start_logits }
  })
  return { examples, windows, logits }
}

it('fits the temperature that undoes a scale, and gives the confidences at it', () => {
  const correct = Array.from({ length: 60 }, (_, i) => i % 5 === 0)
  const [plain, scaled] = [1, 4].map((scale) => {
    const { examples, windows, logits } = evaluation(scale)
    return fitConfidence(examples, windows, logits, correct)
  })
  // A fitted place is known to 1e-4 of the range that is looked through, here of the logarithm of the temperature.
  expect(Math.log(scaled.temperature / plain.temperature)).toBeCloseTo(Math.log(4), 3)
  const mean = plain.confidences.reduce((sum, confidence) => sum + confidence, 0) / 60
  expect(mean).toBeCloseTo(0.2, 1)

  const { examples, windows, logits } = evaluation(4)
  const answers = answerExamples(examples, windows, logits, { temperature: scaled.temperature })
  expect(scaled.confidences).toEqual(answers.map(({ candidates }) => candidates[0].score))
  expect(scaled.fitted_here).toBe(true)
})
