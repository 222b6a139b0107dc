import { execFile, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { verifyCache } from '../src/hub/cache/upkeep.ts'
import { readDataset } from '../src/hub/download/examples.ts'
import { resolveModel } from '../src/hub/download/models.ts'
import { modelCard } from '../src/hub/push/model-card.ts'
import { BERT, hubWorld } from './hub-world.ts'
import { NOTEBOOK_CARD } from './model-card-summary.ts'
import { madeUpExamples, squadParquet } from './squad-parquet.ts'

/** A Python with huggingface_hub and datasets: SPANFORGE_PYTHON, or python3. */
const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const script = fileURLToPath(new URL('hub-python.py', import.meta.url))
const versions = spawnSync(python, [script, 'versions'], { encoding: 'utf8' })
const hasPython = versions.status === 0
const hasDatasets = hasPython && JSON.parse(versions.stdout).datasets
const lacking = hasPython ? hasDatasets || 'datasets' : 'huggingface_hub'
if (lacking !== true) console.warn(`SKIPPED (${python} has no ${lacking}; see SPANFORGE_PYTHON): hub-python`)

const NEEDED = ['config.json', 'model.safetensors', 'tokenizer.json', 'vocab.txt']
const SQUAD = madeUpExamples(40)
const data_files = [{ split: 'train', path: 'plain_text/train-*' }]
const world = hubWorld((server) => {
  server.add('model', 'ann/bert').commit(BERT)
  server.rename('model', 'bert-base-uncased', 'ann/bert')
  server.add('dataset', 'ann/squad', { card: { configs: [{ config_name: 'plain_text', data_files }] } }).commit({
    'README.md':
      '---\nconfigs:\n- config_name: plain_text\n  data_files:\n  - split: train\n    path: plain_text/train-*\n---\n',
    'plain_text/train-00000-of-00001.parquet': squadParquet(SQUAD),
  })
})

async function run(environment: Record<string, string>, ...args: string[]) {
  const env = {
    ...process.env,
    HF_ENDPOINT: world.server.endpoint,
    HF_HOME: join(world.cache, 'home'),
    HF_HUB_CACHE: world.cache,
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
    HF_TOKEN: '',
    ...environment,
  }
  const { stdout } = await promisify(execFile)(python, [script, ...args], { env })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

/** The downloaded files, without HEAD requests, with which Python checks whether a file has changed. */
const fetched = () =>
  world.server.requests.filter(({ method, url }) => method === 'GET' && /\/content\/|\/resolve\//.test(url)).length

describe.skipIf(!hasPython)('the cache is shared with Python', { timeout: 120_000 }, () => {
  it.each(['ann/bert', 'bert-base-uncased'])(
    'Python does not download again what spanforge downloaded of %s',
    async (name) => {
      const folder = await resolveModel(name, world.options)
      world.server.reset()
      expect(await run({}, 'snapshot', name, ...NEEDED)).toBe(folder)
      expect(await run({}, 'files', name, ...NEEDED)).toEqual(NEEDED.map((path) => join(folder, path)))
      expect(fetched()).toBe(0)
      expect(await run({ HF_HUB_OFFLINE: '1' }, 'snapshot', name, ...NEEDED)).toBe(folder)
      const size = NEEDED.reduce((sum, path) => sum + BERT[path as keyof typeof BERT].length, 0)
      const { repos, warnings } = await run({}, 'scan')
      expect(repos).toEqual([['model', name, size, NEEDED.length]])
      expect(warnings).toEqual([])
    },
  )

  it.each(['ann/bert', 'bert-base-uncased'])(
    'spanforge does not download again what Python downloaded of %s',
    async (name) => {
      const folder = await run({}, 'snapshot', name, ...NEEDED)
      world.server.reset()
      expect(await resolveModel(name, { ...world.options, offline: true })).toBe(folder)
      expect(world.server.requests).toEqual([])
      expect(await resolveModel(name, world.options)).toBe(folder)
      expect(fetched()).toBe(0)
      expect(await verifyCache(world.cache)).toMatchObject({ sound: NEEDED.length, faults: [] })
    },
  )

  it('spanforge completes a partial download of Python', async () => {
    const [config] = await run({}, 'files', 'ann/bert', 'config.json')
    const folder = await resolveModel('ann/bert', world.options)
    expect(config).toBe(join(folder, 'config.json'))
    expect(fetched()).toBe(1 + 3 + 1) // One by Python; three and a redirect by spanforge.
  })

  it('both can download at the same time', async () => {
    world.server.misbehave(/content/, { slow: true }, 10)
    const [ours, theirs] = await Promise.all([
      resolveModel('ann/bert', world.options),
      run({}, 'snapshot', 'ann/bert', ...NEEDED),
    ])
    expect(ours).toBe(theirs)
    expect((await readFile(join(ours, 'model.safetensors'))).equals(BERT['model.safetensors'])).toBe(true)
    expect(await verifyCache(world.cache)).toMatchObject({ sound: NEEDED.length, faults: [] })
  })

  it.skipIf(!hasDatasets)('spanforge does not download again a dataset that load_dataset downloaded', async () => {
    const { rows, first } = await run({}, 'dataset', 'ann/squad', 'train')
    expect(rows).toBe(SQUAD.length)
    expect(first).toMatchObject({ id: SQUAD[0].id, context: SQUAD[0].context })
    world.server.reset()
    expect(await readDataset('ann/squad', { ...world.options, split: 'train' })).toEqual(SQUAD)
    expect(await readDataset('ann/squad', { ...world.options, split: 'train', offline: true })).toEqual(SQUAD)
    expect(fetched()).toBe(0)
  })

  it.skipIf(!hasDatasets)('load_dataset does not download again a dataset that spanforge downloaded', async () => {
    await readDataset('ann/squad', { ...world.options, split: 'train' })
    world.server.reset()
    expect(await run({}, 'dataset', 'ann/squad', 'train')).toMatchObject({ rows: SQUAD.length })
    expect(world.downloads.filter((url) => url.startsWith('/content/'))).toEqual([])
  })

  it('huggingface_hub reads the metadata of a model card', async () => {
    await writeFile(join(world.cache, 'README.md'), modelCard(NOTEBOOK_CARD))
    expect(await run({}, 'card', join(world.cache, 'README.md'))).toEqual({
      base_model: 'bert-base-uncased',
      license: 'apache-2.0',
      model_name: NOTEBOOK_CARD.name,
      results: [
        ['squad', 'exact_match', 61.2],
        ['squad', 'f1', 74.1812],
        ['squad', 'loss', 1.6476],
      ],
    })
  })
})
