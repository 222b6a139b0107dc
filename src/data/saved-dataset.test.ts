import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { madeUpExamples } from '../../tests/squad-parquet.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { loadExamples } from '../runs/load/load-data.ts'
import { checkFile } from './checks/check-file.ts'
import { writeFixed } from './checks/fix-file.ts'
import { readExamples as readFile } from './read-examples.ts'

const folder = (name: string): string => fixture(`saved-datasets/${name}`)
/** Every seventh row of the fixtures has no title. */
const rows = madeUpExamples(12).map((example, i) => (i % 7 ? example : { ...example, title: undefined }))

describe('a dataset saved to disk by Python', () => {
  it('is read from all shards, regardless of the split, if it has no splits', async () => {
    expect(await loadExamples(folder('shards'), { split: 'validation' })).toEqual(rows)
  })

  it('is read by split', async () => {
    const ids = async (split: string) => (await loadExamples(folder('splits'), { split })).map(({ id }) => id)
    expect(await ids('train')).toEqual(rows.slice(0, 8).map(({ id }) => id))
    expect(await ids('validation')).toEqual(['a11', 'a9', 'a10'])
    await expect(ids('test')).rejects.toThrow(/no split "test"\n.*Available splits: train, validation\./)
  })

  it('may contain large strings and 64-bit numbers, and keeps additional columns when fixed', async () => {
    expect(await loadExamples(folder('large'), { split: 'train' })).toEqual(rows.slice(0, 4))
    const fixed = join(temporaryFolder(), 'fixed.jsonl')
    await writeFixed(await checkFile(join(folder('large'), 'data-00000-of-00001.arrow'), {}), fixed)
    expect(JSON.parse(readFileSync(fixed, 'utf8').split('\n')[0])).toMatchObject({ id: 'a0', difficulty: 1 })
  })

  it('can be an Arrow file with dictionary-encoded contexts and one answer per row', async () => {
    const read = await readFile(folder('plain.arrow'))
    expect(read).toEqual(rows.slice(0, 3).map(({ title, ...row }, i) => ({ ...row, id: `q${i + 1}` })))
  })

  it('is rejected with a clear message if it is corrupted', async () => {
    const bytes = readFileSync(join(folder('shards'), 'data-00000-of-00002.arrow'))
    const path = join(temporaryFolder(), 'a.arrow')
    for (const end of [12, 300, 1200]) {
      writeFileSync(path, bytes.subarray(0, end))
      await expect(readFile(path)).rejects.toThrow(/cannot be read as Arrow|no questions|no question/)
    }
    const copy = join(temporaryFolder(), 'copy')
    cpSync(folder('shards'), copy, { recursive: true })
    writeFileSync(join(copy, 'state.json'), '{"_data_files": [{"filename": "../a.arrow"}]}')
    await expect(loadExamples(copy, { split: 'train' })).rejects.toThrow(/state\.json: not a valid dataset description/)
  })
})
