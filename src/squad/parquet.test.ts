import { asyncBufferFromFile } from 'hyparquet'
import { expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { madeUpExamples } from '../../tests/squad-parquet.ts'
import { parquetExamples } from './parquet.ts'
import type { Example } from './types.ts'

it('a file that Python wrote (datasets 4.0.0, snappy, three row groups) is read as it was meant', async () => {
  const examples: Example[] = []
  const file = await asyncBufferFromFile(fixture('squad-parquet/datasets-4.0.0.parquet'))
  for await (const example of parquetExamples(file, 'squad')) examples.push(example)
  // Every seventh title is null there.
  const expected = madeUpExamples(60).map(({ title, ...example }, index) =>
    index % 7 ? { ...example, title } : example,
  )
  expect(examples).toEqual(expected)
})

it('only as much is read as is asked for', async () => {
  const file = await asyncBufferFromFile(fixture('squad-parquet/datasets-4.0.0.parquet'))
  const slices: number[] = []
  const slice = (start: number, end?: number) => {
    slices.push(start)
    return file.slice(start, end)
  }
  const examples = parquetExamples({ byteLength: file.byteLength, slice }, 'squad')
  await examples.next()
  const first = slices.length
  for (let row = 1; row < 25; row++) await examples.next()
  expect(slices.length).toBe(first)
  await examples.next()
  expect(slices.length).toBeGreaterThan(first)
})

it('a damaged page that claims more values than its column is refused at once, not counted to for minutes', async () => {
  const file = await asyncBufferFromFile(fixture('squad-parquet/endless-page.parquet'))
  await expect(parquetExamples(file, 'squad').next()).rejects.toThrow('squad: cannot be read as Parquet (a page of')
})
