import { expect, test } from 'vitest'
import { fixtureJson } from '../../tests/fixture.ts'
import { relativeBuckets } from './deberta-v2.ts'

/** What make_log_bucket_position of transformers makes of all distances, by number of buckets and largest distance. */
const recorded = fixtureJson<Record<string, number[]>>('tiny/deberta-v2/buckets.json')

test.each(Object.entries(recorded))('%s: every distance is in the recorded bucket', (key, want) => {
  const [buckets, largest] = key.split(',').map(Number)
  expect(relativeBuckets(largest - 1, { buckets, largest })).toEqual(want)
})
