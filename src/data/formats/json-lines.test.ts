import { expect, it } from 'vitest'
import { reject } from '../../squad/reading/data-problem.ts'
import { jsonLineRecords, MAX_LINE } from './json-lines.ts'

it('rejects an endless line before it is joined to one string', async () => {
  const chunk = 'x'.repeat(2 ** 24)
  let read = 0
  async function* endless() {
    yield '\n{"id": "'
    for (;;) {
      read += chunk.length
      yield chunk
    }
  }
  const records = jsonLineRecords(endless(), 'train.jsonl', reject)
  await expect(records.next()).rejects.toThrow('train.jsonl: line 2: longer than 268,435,456 characters')
  expect(read).toBeLessThan(MAX_LINE + 2 * chunk.length)
})

it('rejects a line that is nested too deeply, with its number', async () => {
  async function* text() {
    yield `{"id": ${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`
  }
  const records = jsonLineRecords(text(), 'train.jsonl', reject)
  await expect(records.next()).rejects.toThrow('train.jsonl: line 1: JSON nested deeper than 100 levels')
})
