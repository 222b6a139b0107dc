import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hubWorld } from '../../../tests/hub-world.ts'
import { madeUpExamples, squadParquet } from '../../../tests/squad-parquet.ts'
import { resolveDataset } from './datasets.ts'
import { readDataset, readParquet } from './examples.ts'

const TRAIN = madeUpExamples(250)
const VALIDATION = madeUpExamples(30, 'b')
const parquet = squadParquet(TRAIN)
const small = squadParquet(VALIDATION)
const data_files = (folder: string) => [
  { split: 'train', path: `${folder}/train-*` },
  { split: 'validation', path: [`${folder}/validation-*`] },
]

const world = hubWorld((server) => {
  server
    .add('dataset', 'rajpurkar/squad', {
      card: { configs: [{ config_name: 'plain_text', data_files: data_files('plain_text') }] },
    })
    .commit({
      'README.md': '# squad',
      'plain_text/train-00000-of-00002.parquet': squadParquet(TRAIN.slice(0, 150)),
      'plain_text/train-00001-of-00002.parquet': squadParquet(TRAIN.slice(150)),
      'plain_text/validation-00000-of-00001.parquet': small,
    })
  server.rename('dataset', 'squad', 'rajpurkar/squad')
  const odd = [
    {
      config_name: 'a',
      data_files: [
        { split: 'train', path: 'x.parquet' },
        { split: 'test', path: 'y.parquet' },
      ],
    },
  ]
  server
    .add('dataset', 'ann/odd', { card: { configs: [...odd, { config_name: 'b', data_files: 'z.parquet' }] } })
    .commit({ 'x.parquet': parquet, 'y.parquet': small, 'z.parquet': small })
  server.add('dataset', 'ann/bare').commit({ 'data/train-00000-of-00001.parquet': parquet, 'data/dev.parquet': small })
  const scripted = server.add('dataset', 'ann/scripted')
  scripted.commit({ 'scripted.py': 'import this', 'train.json': '{}' })
  scripted.commit({ 'one/validation/0000.parquet': small }, 'refs/convert/parquet')
  server.add('dataset', 'ann/json').commit({ 'train.json': '{}' })
})
const load = (name: string, more: object) => readDataset(name, { split: 'train', ...world.options, ...more })
const rejection = (name: string, more: object) => expect(load(name, more)).rejects

describe('a dataset by name', () => {
  it('yields the examples of all shards in order, with UTF-16 positions', async () => {
    const examples = await load('squad', {})
    expect(examples).toEqual(TRAIN)
    for (const { context, answers } of examples)
      for (const { text, answer_start } of answers) expect(context.slice(answer_start).startsWith(text)).toBe(true)
  })

  it('downloads only the requested split', async () => {
    expect(await load('squad', { split: 'validation' })).toEqual(VALIDATION)
    expect(world.downloads.filter((url) => url.startsWith('/content'))).toHaveLength(1)
  })

  it('yields only the first max_samples examples', async () => {
    expect(await load('squad', { max_samples: 120 })).toEqual(TRAIN.slice(0, 120))
    expect(await load('squad', { max_samples: 0 })).toEqual([])
  })

  it('is available offline afterwards', async () => {
    await load('squad', {})
    await load('ann/odd', { config: 'a', split: 'test' })
    world.server.reset()
    expect(await load('squad', { offline: true })).toEqual(TRAIN)
    expect(await load('ann/odd', { config: 'a', split: 'test', offline: true })).toEqual(VALIDATION)
    await rejection('squad', { split: 'validation', offline: true }).toThrow(
      /plain_text\/validation.* not in the cache/,
    )
    expect(world.server.requests).toEqual([])
  })

  it('with several configurations requires a choice', async () => {
    await rejection('ann/odd', {}).toThrow('the dataset "ann/odd" has several configurations: a, b')
    await rejection('ann/odd', { config: 'c' }).toThrow('the dataset "ann/odd" has no configuration "c"')
    expect(await load('ann/odd', { config: 'b' })).toEqual(VALIDATION)
    await rejection('ann/odd', { config: 'a', split: 'validation' }).toThrow(/no split "validation"[\s\S]*train, test/)
  })

  it('without a card is read by its file names', async () => {
    expect(await load('ann/bare', { split: 'validation' })).toEqual(VALIDATION)
    expect(await load('ann/bare', {})).toHaveLength(250)
  })

  it("without Parquet files is read from the hub's branch of converted files", async () => {
    expect(await load('ann/scripted', { split: 'validation' })).toEqual(VALIDATION)
    expect(await load('ann/scripted', { split: 'validation', offline: true })).toEqual(VALIDATION)
    const endpoint = 'http://127.0.0.1:1'
    expect(await load('ann/scripted', { split: 'validation', endpoint })).toEqual(VALIDATION)
    await rejection('ann/json', {}).toThrow('the dataset "ann/json" (main) has no Parquet files')
  })

  it('can be a folder', async () => {
    await mkdir(join(world.cache, 'mine/plain_text'), { recursive: true })
    await writeFile(join(world.cache, 'mine/plain_text/validation-0.parquet'), small)
    expect(await load(join(world.cache, 'mine'), { split: 'validation' })).toEqual(VALIDATION)
    expect(await resolveDataset(join(world.cache, 'mine'), { split: 'validation' })).toHaveLength(1)
  })
})

describe('rejects a Parquet file that is', () => {
  const read = async (content: Uint8Array) => {
    const path = join(world.cache, 'x.parquet')
    await writeFile(path, content)
    for await (const _ of readParquet([path])) _
  }
  const [example] = TRAIN

  it('in another format', () =>
    expect(read(Buffer.from('{}'))).rejects.toThrow(/x\.parquet: cannot be read as Parquet/))

  it('truncated', () => expect(read(parquet.subarray(0, 5000))).rejects.toThrow(/cannot be read as Parquet/))

  it('corrupted', async () => {
    const corrupted = Buffer.from(parquet)
    corrupted.fill(0xff, 10, 2000)
    await expect(read(corrupted)).rejects.toThrow(/cannot be read as Parquet|not a row of squad|is not at character/)
  })

  it('missing the columns of squad', async () => {
    const other = Buffer.from(parquet).toString('latin1').replaceAll('question', 'qwestion')
    await expect(read(Buffer.from(other, 'latin1'))).rejects.toThrow(
      'no question column; found the columns id, title, context, qwestion, answers',
    )
  })

  it('wrong about the position of an answer', async () => {
    const wrong = { ...example, answers: [{ text: 'Ulm', answer_start: 5 }] }
    await expect(read(squadParquet([wrong]))).rejects.toThrow(
      'row 0, question a0: answer "Ulm" is not at character 4 of the context (found "e n")',
    )
  })
})
