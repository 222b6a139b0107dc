import { describe, expect, test } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import type { Example } from '../types.ts'
import { squadV2Metrics } from './metrics-v2.ts'

interface DatasetFile {
  data: { paragraphs: { context: string; qas: (Omit<Example, 'context'> & { is_impossible: boolean })[] }[] }[]
}

const evaluations = fixtureJson<Record<string, object>>('postprocess/v2-metrics/evaluation.json')
const examples: Example[] = fixtureJson<DatasetFile>('postprocess/v2-metrics/dataset.json').data.flatMap(
  ({ paragraphs }) => paragraphs.flatMap(({ context, qas }) => qas.map((qa) => ({ ...qa, context }))),
)
const mapOf = <T>(path: string) => new Map(Object.entries(fixtureJson<Record<string, T>>(`postprocess/${path}`)))
const predictionsOf = (run: string) => mapOf<string>(`${run}/predictions.json`)
const nullOdds = mapOf<number>('v2-threshold-0/null_odds.json')
const runs = ['v2-threshold-0', 'v2-threshold-minus-2', 'v2-threshold-minus-8']

/** "RUN, null odds as na-prob, na-prob-thresh T" in the recorded file. */
const settings = Object.keys(evaluations).flatMap((key): [string, string, number][] => {
  const [, run, threshold] = /^(.*), null odds as na-prob, na-prob-thresh (.*)$/.exec(key) ?? []
  return run ? [[key, run === 'v1 predictions' ? 'v1' : run, Number(threshold)]] : []
})

describe('squadV2Metrics are identical to the official ones', () => {
  test('with several recorded settings', () => {
    expect(settings).toHaveLength(11)
  })

  test.each(settings)('%s', (key, run, no_answer_threshold) => {
    const options = { no_answer_scores: nullOdds, no_answer_threshold }
    expect(squadV2Metrics(predictionsOf(run), examples, options).metrics).toEqual(evaluations[key])
  })

  test.each(runs)('%s, no na-prob file', (run) => {
    expect(squadV2Metrics(predictionsOf(run), examples).metrics).toEqual(evaluations[`${run}, no na-prob file`])
  })

  test.each(runs)('%s, per question', (run) => {
    const { per_question } = squadV2Metrics(predictionsOf(run), examples)
    const byId = per_question.map(({ id, exact, f1 }) => [id, { exact, f1 }])
    expect(Object.fromEntries(byId)).toEqual(evaluations[`${run}, per question`])
  })
})

test('a missing prediction scores 0 at every threshold, even without an answer, and is reported', () => {
  const question = (id: string, ...texts: string[]): Example => ({
    id,
    question: '?',
    context: 'cat',
    answers: texts.map((text) => ({ text, answer_start: 0 })),
  })
  const three = [question('has', 'cat'), question('has-not'), question('fine', 'cat')]
  const { metrics, missing } = squadV2Metrics(new Map([['fine', 'cat']]), three, {
    no_answer_scores: new Map([
      ['has', 9],
      ['has-not', 9],
      ['fine', -9],
    ]),
    no_answer_threshold: 0,
  })
  expect(missing).toEqual(['has', 'has-not'])
  expect(metrics).toMatchObject({ exact: 100 / 3, total: 3, HasAns_exact: 50, NoAns_exact: 0, best_exact: 100 / 3 })
})

test('a prediction without a no-answer score is rejected with a remedy', () => {
  const predictions = predictionsOf('v1')
  expect(() => squadV2Metrics(predictions, examples, { no_answer_scores: new Map() })).toThrow(
    new RegExp(`${examples[0].id} has a prediction but no no-answer score\n.*null_odds.json`),
  )
})

test('the recorded dataset contains an answer that normalizes to an empty text', () => {
  expect(examples.some(({ answers }) => answers.length === 1 && answers[0].text === 'The')).toBe(true)
})
