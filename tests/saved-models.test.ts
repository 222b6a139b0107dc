import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { writeSafetensors } from '../src/checkpoint/safetensors-writer.ts'
import { loadPretrained, randomModel } from '../src/inference/pretrained.ts'
import type { FlatParameters } from '../src/models/flat-parameters.ts'
import { architectureOf, geometryOf, MODEL_TYPES, parseConfig } from '../src/models/registry.ts'
import { activations } from '../src/nn/activation.ts'
import { fineTune } from '../src/runs/train/fine-tune.ts'
import type { PreparedRun } from '../src/runs/train/prepare.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { tensorsOf } from '../src/training/checkpoints/run-checkpoint.ts'
import { fixtureJson } from './fixture.ts'
import { maxDifference } from './read-safetensors.ts'
import { describeShared, shared } from './shared.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { isThorough } from './thorough.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

vi.setConfig({ testTimeout: 600_000 })

/** A Python that has torch and transformers: SPANFORGE_PYTHON, or python3. */
const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const script = fileURLToPath(new URL('saved-models.py', import.meta.url))
const check = spawnSync(python, [script, 'check'], { encoding: 'utf8' })
const hasPython = check.status === 0
if (!hasPython)
  console.warn(
    `SKIPPED (${python}: ${check.stderr?.trim() || check.error?.message}; see SPANFORGE_PYTHON): saved-models`,
  )

type Fields = Readonly<Record<string, unknown>>

/** A configuration with 2 layers and small tables, and in the usual run also with narrow layers. */
function small(fields: Fields): Fields {
  const config = parseConfig(fields, 'config.json')
  const { heads, max_positions } = geometryOf(config)
  const tables = { vocab_size: 256, max_position_embeddings: Math.min(max_positions, 64) }
  const [width, inner] = [8 * heads, 64]
  if (config.model_type === 'distilbert')
    return { ...fields, ...tables, n_layers: 2, ...(isThorough ? {} : { dim: width, hidden_dim: inner }) }
  if (config.model_type === 'modernbert') Object.assign(tables, { pad_token_id: 0 })
  const widths = isThorough ? {} : { hidden_size: width, intermediate_size: inner }
  return { ...fields, ...tables, num_hidden_layers: 2, ...widths }
}

const window = { input_ids: [2, 17, 5, 9, 3, 12, 21, 8, 3], token_type_ids: [0, 0, 0, 0, 0, 1, 1, 1, 1] }

const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt']

/** A folder with a pretrained encoder of random weights. */
async function makeBase(folder: string, fields: Fields): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(fields))
  for (const name of TOKENIZER_FILES) copyFileSync(join(tinyFolder, name), join(folder, name))
  const { architecture, geometry, parameters } = randomModel(parseConfig(fields, 'config.json'))
  if (geometry.token_types < 2) {
    const path = join(folder, 'tokenizer_config.json')
    const settings = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...settings, model_input_names: ['input_ids', 'attention_mask'] }))
  }
  const encoder = tensorsOf(parameters).filter(({ name }) => name.startsWith(architecture.checkpoint.prefix))
  await writeSafetensors(join(folder, 'model.safetensors'), encoder)
}

/** Fine-tunes the base model for two steps, as `spanforge train` does; returns the trained weights by name. */
async function fineTuneBase(base: string, output_dir: string): Promise<FlatParameters> {
  const train_file = writeTinySquad(base, 'train.json', 2)
  const args = parseArguments(
    {
      model: base,
      train_file,
      output_dir,
      max_steps: 2,
      per_device_train_batch_size: 1,
      learning_rate: 1e-3,
      lr_scheduler_type: 'constant',
      max_seq_length: 48,
      doc_stride: 8,
      eval_strategy: 'no',
      save_strategy: 'no',
    },
    'test',
  )
  let run: PreparedRun | undefined
  const { status } = await fineTune(args, {
    onPrepared: (prepared) => {
      run = prepared
    },
  })
  expect(status).toBe('finished')
  return run!.loaded.model.parameters
}

/** Fine-tunes a model with this configuration, which is saved in `folder`; returns the logits of the trained weights. */
async function trainFrom(folder: string, fields: Fields) {
  const base = `${folder}-base`
  await makeBase(base, fields)
  const { model: untrained } = await loadPretrained(base)
  const trained = await fineTuneBase(base, folder)
  // Every tensor has changed, so that a tensor copied from the base model cannot pass.
  for (const { name } of trained.entries)
    expect(
      trained.view(name).some((value, i) => value !== untrained.parameters.view(name)[i]),
      name,
    ).toBe(true)
  const { input_ids, token_type_ids } = window
  const takesTypes = untrained.geometry.token_types > 1
  // A text may hold the padding's token, so the mask says that it is one of its tokens.
  const attention_mask = input_ids.map(() => 1)
  const inputs = { input_ids, attention_mask, ...(takesTypes && { token_type_ids }) }
  writeFileSync(join(folder, 'inputs.json'), JSON.stringify(inputs))
  const row = {
    input_ids: Int32Array.from(input_ids),
    token_type_ids: takesTypes ? Int32Array.from(token_type_ids) : new Int32Array(input_ids.length),
    attended: input_ids.length,
  }
  untrained.parameters.data.set(trained.data)
  const { logits } = await untrained.forward([row])
  await untrained.release()
  return logits[0]
}

/** Fine-tunes a model from each configuration, and expects Python to load each without complaint, with equal logits. */
async function expectSameInPython(configurations: Readonly<Record<string, Fields>>): Promise<void> {
  const folder = temporaryFolder()
  const names = Object.keys(configurations)
  const ours = []
  for (const [i, name] of names.entries()) ours.push(await trainFrom(join(folder, `${i}`), small(configurations[name])))
  const folders = names.map((_, i) => join(folder, `${i}`))
  const { stdout, stderr } = spawnSync(python, [script, ...folders], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  const theirs = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(theirs, stderr).toHaveLength(names.length)
  for (const [i, name] of names.entries()) {
    const { start_logits, end_logits, ...rest } = theirs[i]
    const { class_name } = architectureOf(parseConfig(configurations[name], name))
    expect(rest, name).toEqual({ class: class_name, complaints: [] })
    expect(maxDifference(ours[i].start_logits, start_logits), name).toBeLessThan(1e-5)
    expect(maxDifference(ours[i].end_logits, end_logits), name).toBeLessThan(1e-5)
  }
}

const tiny = fixtureJson<Fields>('tiny/b1/safetensors/config.json')

/** Each breaks what transformers makes of a folder, or changes its logits or what it returns, when it is kept. */
const MISLEADING: readonly Fields[] = [
  { id2label: { 0: 'A', 1: 'B', 2: 'C' }, label2id: { A: 0, B: 1, C: 2 } },
  { id2label: { 0: 'LABEL_0' }, label2id: { LABEL_0: 0 }, problem_type: 'regression' },
  { id2label: ['A', 'B'] },
  { num_labels: 3 },
  { problem_type: 'tagging' },
  { pruned_heads: {} },
  { quantization_config: { quant_method: 'bitsandbytes', load_in_8bit: true } },
  { quantization_config: null },
  { add_cross_attention: true },
  { is_decoder: null },
  { is_encoder_decoder: true, tie_encoder_decoder: true },
  { torchscript: true },
  { return_dict: false },
  { output_attentions: true, output_hidden_states: true },
  { use_return_dict: false },
  { chunk_size_feed_forward: 4 },
  { chunk_size_feed_forward: null },
  { auto_map: null },
  { _attn_implementation: 'flash_attention_2' },
  { _attn_implementation_internal: 'flash_attention_2' },
  { torch_dtype: 'float16', dtype: 'auto' },
  { pad_token_id: null },
  { pad_token_id: -1 },
]

test.skipIf(!hasPython)(
  'models fine-tuned from configurations with misleading fields are the same in transformers',
  () =>
    expectSameInPython(
      Object.fromEntries(MISLEADING.map((fields) => [JSON.stringify(fields), { ...tiny, ...fields }])),
    ),
)

test.skipIf(!hasPython)('models fine-tuned with every activation are the same in transformers', () =>
  expectSameInPython(Object.fromEntries(Object.keys(activations).map((name) => [name, { ...tiny, hidden_act: name }]))),
)

/** The defaults of transformers, where the zoo has no configuration. */
const DEFAULTS = ['camembert', 'xlm-roberta', 'electra', 'modernbert', 'albert', 'deberta-v2']

/** The other ways in which a DeBERTa can be built. */
const DEBERTAS: Readonly<Record<string, Fields>> = {
  'projections of its own': { relative_attention: true, pos_att_type: 'c2p|p2c', type_vocab_size: 2 },
  'content to position only': { relative_attention: true, pos_att_type: ['c2p'], position_buckets: 8 },
  'narrow embeddings': { relative_attention: true, pos_att_type: ['p2c'], embedding_size: 24, share_att_key: true },
}

test.skipIf(!hasPython)('models with the default configuration of their family are the same in transformers', () =>
  expectSameInPython({
    ...Object.fromEntries(DEFAULTS.map((model_type) => [model_type, { model_type }])),
    ...Object.fromEntries(
      Object.entries(DEBERTAS).map(([name, fields]) => [name, { model_type: 'deberta-v2', ...fields }]),
    ),
  }),
)

describeShared('the real configurations of supported types', () => {
  const zoo = shared('zoo')
  const configurations = Object.fromEntries(
    readdirSync(zoo).flatMap((name) => {
      const path = join(zoo, name, 'config.json')
      if (!existsSync(path) && !existsSync(`${path}.gz`)) return []
      const text = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`))
      const fields: Fields = JSON.parse(text.toString())
      return [undefined, ...MODEL_TYPES].includes(fields.model_type as string | undefined) ? [[name, fields]] : []
    }),
  )

  test('are read, all of them', () => {
    expect(Object.keys(configurations).length).toBeGreaterThanOrEqual(37)
    for (const [name, fields] of Object.entries(configurations)) parseConfig(fields, name)
  })

  test.skipIf(!hasPython)('make fine-tuned models that are the same in transformers', () =>
    expectSameInPython(configurations),
  )
})
