import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { writeSafetensors } from '../src/checkpoint/safetensors-writer.ts'
import { parameterSpecs } from '../src/models/programs.ts'
import { parseConfig } from '../src/models/registry.ts'
import type { Initialization } from '../src/nn/parameters.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import { hubWorld, inEnvironment } from './hub-world.ts'
import { runHere } from './run-here.ts'
import { describeShared, shared } from './shared.ts'
import { squadParquet } from './squad-parquet.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { isThorough } from './thorough.ts'

vi.setConfig({ testTimeout: 1_800_000 })

const real = (name: string): Buffer => readFileSync(shared(`zoo/google-bert--bert-base-uncased/${name}`))

/** The hub files of bert-base-uncased, with random weights under the real names. */
async function bertBaseUncased(sizes: object): Promise<Record<string, Buffer>> {
  const config = { ...JSON.parse(real('config.json').toString()), ...sizes }
  const path = join(temporaryFolder(), 'model.safetensors')
  const encoder = parameterSpecs(parseConfig(config, 'config.json')).filter(({ name }) => name.startsWith('bert.'))
  const tensors = encoder.map(({ name, shape, init }, i) => ({
    name: name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    shape,
    data: values(
      shape.reduce((a, b) => a * b, 1),
      init,
      i,
    ),
  }))
  const bias = { name: 'cls.predictions.bias', shape: [config.vocab_size], data: new Float32Array(config.vocab_size) }
  await writeSafetensors(path, [...tensors, bias])
  return {
    'config.json': Buffer.from(JSON.stringify(config)),
    'model.safetensors': readFileSync(path),
    'tokenizer.json': gunzipSync(real('tokenizer.json.gz')),
    'tokenizer_config.json': real('tokenizer_config.json'),
    'vocab.txt': gunzipSync(real('vocab.txt.gz')),
  }
}

/**
 * Uniform random numbers with BERT's standard deviation from a fast generator (Marsaglia 2003), because there may be
 * 110 million.
 */
function values(count: number, init: Initialization, seed: number): Float32Array {
  const data = new Float32Array(count)
  if (init !== 'normal') return data.fill(init === 'ones' ? 1 : 0)
  let state = 2463534242 + seed
  for (let i = 0; i < count; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    data[i] = (state / 2 ** 31) * 0.02 * Math.sqrt(3)
  }
  return data
}

describeShared('The notebook with the real files of bert-base-uncased', () => {
  const world = hubWorld((server) => {
    server.add('model', 'google-bert/bert-base-uncased', { card: { license: 'apache-2.0' } })
    server.rename('model', 'bert-base-uncased', 'google-bert/bert-base-uncased')
    const examples = (name: string) => parseSquad(readFileSync(shared(`data/${name}.json`), 'utf8'), name)
    const data_files = ['train', 'validation'].map((split) => ({ split, path: `plain_text/${split}-*` }))
    const card = { configs: [{ config_name: 'plain_text', data_files }] }
    server.add('dataset', 'rajpurkar/squad', { card }).commit({
      'plain_text/train-00000-of-00001.parquet': squadParquet(examples('squad-train-sampled')),
      'plain_text/validation-00000-of-00001.parquet': squadParquet(examples('squad-v1.1-dev-xquad-en')),
    })
    server.rename('dataset', 'squad', 'rajpurkar/squad')
  })
  inEnvironment(world)

  async function notebook(sizes: object, ...more: string[]) {
    world.server.repository('model', 'google-bert/bert-base-uncased')!.commit(await bertBaseUncased(sizes))
    const output_dir = join(temporaryFolder(), 'results')
    const said = await runHere('train', '--preset', 'notebook', '--output_dir', output_dir, ...more)
    expect(said.code, said.stderr).toBe(0)
    const json = (name: string) => JSON.parse(readFileSync(join(output_dir, name), 'utf8'))
    return { said, output_dir, config: json('config.json'), state: json('trainer_state.json') }
  }

  test('the complete preset runs with 2 layers of size 32: 3,000 questions, 579 steps, the best of three epochs', async () => {
    const sizes = { num_hidden_layers: 2, hidden_size: 32, num_attention_heads: 2, intermediate_size: 64 }
    const { said, output_dir, config, state } = await notebook(sizes)
    expect(config).toMatchObject({ ...sizes, architectures: ['BertForQuestionAnswering'], vocab_size: 30522 })
    expect(state.epoch).toBe(3)
    expect(state.global_step).toBe(state.max_steps)
    const evaluations = state.log_history.filter((entry: object) => 'eval_loss' in entry)
    expect(evaluations.length).toBeGreaterThanOrEqual(3)
    expect(said.stdout).toMatch(/training +3,000 /)
    expect(said.stdout).toMatch(/validation +500 /)
    const asked = ['--question', 'Where is the café?', '--context', 'The CAFÉ is in São Paulo.']
    const answered = await runHere('answer', '--model', output_dir, ...asked, '--json')
    expect(answered.code, answered.stderr).toBe(0)
  })

  test.skipIf(!isThorough)('trains, saves and evaluates at full size', async () => {
    const { said, config, state } = await notebook({}, '--max_steps', '2', '--max_eval_samples', '8')
    expect(config).toMatchObject({
      hidden_size: 768,
      num_hidden_layers: 12,
      architectures: ['BertForQuestionAnswering'],
    })
    expect(state.global_step).toBe(2)
    expect(said.stdout).toContain('108,893,186')
  })
})
