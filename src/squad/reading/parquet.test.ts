import { readFileSync } from 'node:fs'
import { asyncBufferFromFile } from 'hyparquet'
import { expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { madeUpExamples } from '../../../tests/squad-parquet.ts'
import { exhaustiveOr, thoroughOr } from '../../../tests/thorough.ts'
import { SpanforgeError } from '../../errors.ts'
import type { Example } from '../types.ts'
import { parquetExamples } from './parquet.ts'

it('reads a file written by Python (datasets 4.0.0, snappy, three row groups)', async () => {
  const examples: Example[] = []
  const file = await asyncBufferFromFile(fixture('squad-parquet/datasets-4.0.0.parquet'))
  for await (const example of parquetExamples(file, 'squad')) examples.push(example)
  // Every seventh title in this file is null.
  const expected = madeUpExamples(60).map(({ title, ...example }, index) =>
    index % 7 ? { ...example, title } : example,
  )
  expect(examples).toEqual(expected)
})

it('reads only the requested rows', async () => {
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

const OTHERS = ['v1-deltas-gzip', 'v2-deltas', 'v2-dictionary-zstd'].map(
  (name) => `squad-parquet/pyarrow-${name}.parquet`,
)

it.each(OTHERS)('reads the same from other types of pages and encodings: %s', async (name) => {
  const read = async (path: string) => {
    const examples: Example[] = []
    for await (const example of parquetExamples(await asyncBufferFromFile(fixture(path)), path)) examples.push(example)
    return examples
  }
  expect(await read(name)).toEqual(await read('squad-parquet/datasets-4.0.0.parquet'))
})

it('immediately rejects a corrupted page with more values than its column', async () => {
  const file = await asyncBufferFromFile(fixture('squad-parquet/endless-page.parquet'))
  await expect(parquetExamples(file, 'squad').next()).rejects.toThrow('squad: cannot be read as Parquet (')
})

it.each(OTHERS)(
  'rejects a huge number at any position quickly and without running out of memory: %s',
  async (name) => {
    const right = readFileSync(fixture(name))
    const file = { byteLength: right.length, slice: (start: number, end?: number) => bytes.buffer.slice(start, end) }
    let bytes = new Uint8Array(right)
    // Writes the varint 2^32 - 2 at each position: a run of 2^31 - 1 values, a length of -1, or a number of miniblocks.
    for (let at = 4; at < right.length - 12; at += exhaustiveOr(3, thoroughOr(7, 41))) {
      bytes = new Uint8Array(right)
      bytes.set([0xfe, 0xff, 0xff, 0xff, 0x0f], at)
      try {
        for await (const _ of parquetExamples(file, name));
      } catch (error) {
        expect(error).toBeInstanceOf(SpanforgeError)
      }
    }
  },
  600_000,
)
