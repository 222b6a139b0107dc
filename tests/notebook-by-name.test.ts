import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { presets } from '../src/training/arguments/presets.ts'
import { planRun } from '../src/training/loop/plan.ts'
import { hubWorld, inEnvironment } from './hub-world.ts'
import { runHere } from './run-here.ts'
import { squadParquet } from './squad-parquet.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

vi.setConfig({ testTimeout: 600_000 })

const data_files = [
  { split: 'train', path: 'plain_text/train-*' },
  { split: 'validation', path: 'plain_text/validation-*' },
]

/** A hub that has the notebook's two names, as the real one has them: names that have moved, with little behind them. */
const world = hubWorld((server) => {
  const names = readdirSync(tinyFolder)
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(tinyFolder, name))]))
  server
    .add('model', 'google-bert/bert-base-uncased', { card: { license: 'apache-2.0', language: 'en' } })
    .commit(files)
  server.rename('model', 'bert-base-uncased', 'google-bert/bert-base-uncased')
  const card = { license: 'cc-by-sa-4.0', configs: [{ config_name: 'plain_text', data_files }] }
  server.add('dataset', 'rajpurkar/squad', { card }).commit({
    'plain_text/train-00000-of-00001.parquet': squadParquet(tinyExamples(40)),
    'plain_text/validation-00000-of-00001.parquet': squadParquet(tinyExamples(20, 100)),
  })
  server.rename('dataset', 'squad', 'rajpurkar/squad')
})

inEnvironment(world)

/** The notebook in small; only what makes it small is given. */
async function notebook(output_dir: string, ...more: string[]) {
  const small = ['--max_train_samples', '24', '--max_eval_samples', '8', '--max_seq_length', '48', '--doc_stride', '8']
  const argv = ['train', '--preset', 'notebook', ...small, '--dataloader_num_workers', '0', '--output_dir', output_dir]
  const said = await runHere(...argv, ...more)
  expect(said.code, said.stderr).toBe(0)
  const read = (name: string) => readFileSync(join(output_dir, name))
  const json = (name: string) => JSON.parse(read(name).toString())
  const [args, state] = [json('training_args.json'), json('trainer_state.json')]
  return { ...said, weights: read('model.safetensors'), card: read('README.md').toString(), args, state }
}

/** What only the hub knows, and what only the run knows. */
function expectCard(card: string) {
  const metadata = card.slice(0, card.indexOf('\n---\n', 4))
  for (const line of ['license: apache-2.0', 'base_model: bert-base-uncased', 'datasets:\n- squad', 'language: en'])
    expect(metadata).toContain(line)
  const { commits, refs } = world.server.repository('dataset', 'rajpurkar/squad')!
  expect(commits.size).toBe(1)
  expect(metadata).toContain(
    `dataset:\n      name: squad\n      type: squad\n      split: validation\n      revision: "${refs.get('main')}"`,
  )
  expect(card).toContain('| training | squad | train | 24 | 24 | cc-by-sa-4.0 |')
  expect(card).toMatch(/\| Exact match \| [\d.]+ \| [\d.]+ to [\d.]+ \|\n\| F1 \| [\d.]+ \| [\d.]+ to [\d.]+ \|/)
  expect(card.match(/^\| [123]( \(kept\))? \| [246] \| \d\.\d{4} \| \d\.\d{4} \| /gm)).toHaveLength(3)
  expect(card.match(/\(kept\)/g)).toHaveLength(1)
  expect(card).toContain('![Learning curve](learning_curve.png)')
  expect(card).toContain('| `learning_rate` | 0.00003 |')
  expect(card).not.toMatch(/output_dir|`adam_beta1`/)
}

describe('The notebook with models and data from the hub, in one command', () => {
  test('produces the same bits online and, after that, offline', async () => {
    const folder = temporaryFolder()
    const online = await notebook(join(folder, 'online'))
    expect(online.args).toMatchObject({ model: 'bert-base-uncased', dataset: 'squad', num_train_epochs: 3 })
    expect(online.stderr).toMatch(/Downloading squad: .*100/)
    expect(online.stderr).toMatch(/Downloading bert-base-uncased: .*100/)
    // 24 windows in batches of 16, three times.
    expect(online.state).toMatchObject({ global_step: 6, max_steps: 6 })

    expectCard(online.card)

    world.server.reset()
    const offline = await notebook(join(folder, 'offline'), '--offline')
    expect(offline.weights.equals(online.weights)).toBe(true)
    expect(world.server.requests).toEqual([])

    await world.server.close()
    const away = await notebook(join(folder, 'away'))
    expect(away.stdout).toContain('cannot be reached: using the cached copy of bert-base-uncased')
    expect(away.weights.equals(online.weights)).toBe(true)
  })
})

test('The preset has the model, data and arguments of the notebook: 579 steps for 3,074 windows', () => {
  const args = parseArguments(presets.notebook, 'the preset')
  expect(args).toEqual({
    ...parseArguments({}, 'test'),
    model: 'bert-base-uncased',
    dataset: 'squad',
    max_train_samples: 3000,
    max_eval_samples: 500,
    max_seq_length: 384,
    doc_stride: 128,
    output_dir: 'results',
    num_train_epochs: 3,
    per_device_train_batch_size: 16,
    per_device_eval_batch_size: 16,
    learning_rate: 3e-5,
    weight_decay: 0.01,
    eval_strategy: 'epoch',
    save_strategy: 'epoch',
    load_best_model_at_end: true,
    metric_for_best_model: 'loss',
    dataloader_num_workers: 2,
    // Where the device has float16; the notebook has True.
    fp16: null,
  })
  expect(planRun(3074, args)).toMatchObject({ max_steps: 579 })
})
