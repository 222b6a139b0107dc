import { expect, test } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import { float32Softmax } from './float32-softmax.ts'

/** From numpy 2.4.6 on a CPU with AVX-512: 1 to 128 float32 scores, spread by 1 to 200. */
const recorded = fixtureJson<{ scores: number[]; probabilities: number[] }[]>('postprocess/numpy-softmax.json')

test.each(recorded.map((sample) => [sample.scores.length, sample] as const))(
  'equals numpy in every bit for %i scores',
  (_, { scores, probabilities }) => {
    expect(float32Softmax(scores)).toEqual(probabilities)
  },
)
