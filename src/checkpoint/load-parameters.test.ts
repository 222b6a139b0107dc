import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { readRecorded } from '../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import {
  call,
  dict,
  floats,
  name as global,
  int,
  pickle,
  storage,
  tensor,
  tuple,
  zip,
} from '../../tests/torch-files.ts'
import { bert } from '../models/bert.ts'
import { type LoadReport, loadParameters } from './load-parameters.ts'
import { openWeights } from './open.ts'
import { type NamedTensor, writeSafetensors } from './safetensors-writer.ts'
import { elementCount } from './stored-tensor.ts'

/** The parameters in the checkpoint of the tiny BertForQuestionAnswering. */
const whole = await openWeights(fixture('tiny/b1/safetensors'))
const specs = [...whole.tensors.values()].map(({ name, shape }) => ({ name, shape }))
await whole.close()

/** The initial value of each parameter, so that parameters that were not loaded can be recognized. */
const UNTOUCHED = 7

interface Loaded {
  readonly report: LoadReport
  readonly values: ReadonlyMap<string, Float32Array>
}

async function load(folder: string, options?: { ignore_mismatched_sizes: boolean }): Promise<Loaded> {
  const values = new Map(specs.map(({ name, shape }) => [name, new Float32Array(elementCount(shape)).fill(UNTOUCHED)]))
  const checkpoint = await openWeights(folder)
  try {
    return {
      report: await loadParameters(checkpoint, specs, bert.checkpoint, (name) => values.get(name)!, options),
      values,
    }
  } finally {
    await checkpoint.close()
  }
}

interface Reference {
  readonly missing_keys: string[]
  readonly unexpected_keys: string[]
  readonly mismatched_keys: string[]
}
const reference = fixtureJson<Record<string, Reference>>('tiny/b2/loading-report.json')

test.each(['encoder-only', 'pretraining', 'pretraining-gamma-beta', 'one-tensor-missing'])(
  '%s: reports the same missing and unexpected keys as transformers',
  async (name) => {
    const { report, values } = await load(fixture(`tiny/b2/${name}`))
    const { missing_keys, unexpected_keys } = reference[name]
    expect(report).toEqual({ missing: missing_keys, unexpected: unexpected_keys, mismatched: [] })
    const untouched = [...values].filter(([, data]) => data.every((value) => value === UNTOUCHED)).map(([name]) => name)
    expect(untouched.sort()).toEqual(missing_keys)
  },
)

test('loads gamma and beta as weight and bias', async () => {
  const { values } = await load(fixture('tiny/b2/pretraining-gamma-beta'))
  expect(values).toEqual((await load(fixture('tiny/b2/pretraining'))).values)
})

test('rejects a head of a different size, naming each weight and both shapes', async () => {
  await expect(load(fixture('tiny/b2/head-of-three'))).rejects.toThrow(
    /qa_outputs.bias: found shape \[3\], expected \[2\]\n {2}qa_outputs.weight: found shape \[3, 32\], expected \[2, 32\]/,
  )
})

test('lists only the first of many mismatched weights and counts the others', async () => {
  const folder = temporaryFolder()
  const tensors = weights.map(({ name }) => ({ name, shape: [1], data: new Float32Array(1) }))
  await writeSafetensors(join(folder, 'model.safetensors'), tensors)
  const { message } = await load(folder).catch((error) => error)
  expect(message.match(/found shape \[1\], expected/g)).toHaveLength(5)
  expect(message).toMatch(/\nand \d+ more\n/)
})

test('reports and skips a head of a different size if ignore_mismatched_sizes is set', async () => {
  const { report, values } = await load(fixture('tiny/b2/head-of-three'), { ignore_mismatched_sizes: true })
  const { missing_keys, unexpected_keys, mismatched_keys } = reference['head-of-three, ignore_mismatched_sizes=True']
  expect([report.missing, report.unexpected]).toEqual([missing_keys, unexpected_keys])
  expect(report.mismatched.map(({ name }) => name)).toEqual(mismatched_keys)
  expect(report.mismatched[0]).toEqual({ name: 'qa_outputs.bias', found: [3], expected: [2] })
  expect([...values.get('qa_outputs.bias')!]).toEqual([UNTOUCHED, UNTOUCHED])
})

const weights: NamedTensor[] = Object.entries(readRecorded(fixture('tiny/b1/safetensors/model.safetensors'))).map(
  ([name, { shape, data }]) => ({ name, shape, data: Float32Array.from(data) }),
)

/** Writes a file with the weights of the tiny model under different names. */
async function renamed(rename: (name: string) => string, more: readonly NamedTensor[] = []): Promise<string> {
  const folder = temporaryFolder()
  const tensors = weights.map((tensor) => ({ ...tensor, name: rename(tensor.name) }))
  await writeSafetensors(join(folder, 'model.safetensors'), [...tensors, ...more])
  return folder
}

test.each<[string, (name: string) => string]>([
  ['DataParallel', (name) => `module.${name}`],
  ['DataParallel around a bare encoder', (name) => `module.${name.replace(/^bert\./, '')}`],
  ['DataParallel around the encoder within', (name) => name.replace(/^bert\./, 'bert.module.')],
  ['torch.compile', (name) => `_orig_mod.${name}`],
  ['torch.compile around DataParallel', (name) => `_orig_mod.module.${name}`],
  ['FSDP around each layer', (name) => name.replace(/layer\.(\d)\./, 'layer.$1._fsdp_wrapped_module.')],
  ['checkpointed layers', (name) => name.replace(/layer\.(\d)\./, 'layer.$1._checkpoint_wrapped_module.')],
])('the names of %s are understood', async (_name, rename) => {
  const { report, values } = await load(await renamed(rename))
  expect(report).toEqual({ missing: [], unexpected: [], mismatched: [] })
  for (const { name, data } of weights) expect(values.get(name), name).toEqual(data)
})

test('understands DataParallel names in pytorch_model.bin', async () => {
  const folder = temporaryFolder()
  const w = tensor(storage('FloatStorage', '0', 2), 0, [2], [1])
  const content = zip({ 'm/data.pkl': pickle(dict({ 'module.qa_outputs.bias': w })), 'm/data/0': floats(3, 4) })
  writeFileSync(join(folder, 'pytorch_model.bin'), content)
  const { report, values } = await load(folder)
  expect(report.missing).toHaveLength(specs.length - 1)
  expect([...values.get('qa_outputs.bias')!]).toEqual([3, 4])
})

test('rejects a parameter that is stored under two names', async () => {
  const twice = { name: 'module.qa_outputs.bias', shape: [2], data: Float32Array.of(1, 2) }
  await expect(load(await renamed((name) => name, [twice]))).rejects.toThrow(
    'the weights contain qa_outputs.bias twice: as qa_outputs.bias and as module.qa_outputs.bias',
  )
})

test('rejects weights that all belong to another model, and lists them', async () => {
  await expect(load(await renamed((name) => `vision.${name}`))).rejects.toThrow(
    /model.safetensors contains none of the model's weights: found 39 tensors \(vision.* and 36 more\), expected bert.emb/,
  )
  const empty = temporaryFolder()
  await writeSafetensors(join(empty, 'model.safetensors'), [])
  await expect(load(empty)).rejects.toThrow('found no tensors, expected bert.embeddings')
})

/** Creates a pytorch_model.bin with the bias of a head and one other entry. */
async function besideBias(name: string, entry: Buffer | string, bytes = 8): Promise<string> {
  const folder = temporaryFolder()
  const bias = tensor(storage('FloatStorage', '0', 2), 0, [2], [1])
  const stateDict = pickle(dict({ 'qa_outputs.bias': bias, [name]: entry }))
  const content = zip({ 'm/data.pkl': stateDict, 'm/data/0': floats(3, 4), 'm/data/1': Buffer.alloc(bytes) })
  writeFileSync(join(folder, 'pytorch_model.bin'), content)
  return folder
}

const typed = (type: string) =>
  call(
    global('torch._utils', '_rebuild_tensor_v3'),
    storage('UntypedStorage', '1', 8, 'torch.storage'),
    ...[int(0), tuple(int(8)), tuple(int(1)), '\x89', call(global('collections', 'OrderedDict'))],
    global('torch', type),
  )
const quantized = call(
  global('torch._utils', '_rebuild_qtensor'),
  storage('QInt8Storage', '1', 8),
  ...[int(0), tuple(int(8)), tuple(int(1)), tuple(global('torch', 'per_tensor_affine'), int(1), int(0)), '\x89'],
)
const sparse = call(global('torch._utils', '_rebuild_sparse_tensor'), 'N', 'N')

test.each<[string, Buffer | string]>([
  ['C64', tensor(storage('ComplexFloatStorage', '1', 1), 0, [1], [1])],
  ['F8_E4M3', typed('float8_e4m3fn')],
  ['QI8', quantized],
  ['sparse', sparse],
])('a torch tensor of type %s is skipped, or rejected if the model needs it', async (type, entry) => {
  const { report } = await load(await besideBias('cls.x', entry))
  expect(report.unexpected).toEqual(['cls.x'])
  const needed = 'bert.embeddings.word_embeddings.weight'
  await expect(load(await besideBias(needed, entry), { ignore_mismatched_sizes: true })).rejects.toThrow(
    `${needed}: found dtype ${type}, expected F32, F16, BF16 or F64\n  Quantized weights`,
  )
})

test('skips entries that are not tensors, such as the settings of quantized layers', async () => {
  for (const entry of [int(3), global('torch', 'qint8'), tuple(quantized, 'N')])
    expect((await load(await besideBias('dense._packed_params', entry))).report.unexpected).toEqual([])
})

test.each([
  ['NaN', NaN],
  ['infinity', -Infinity],
])('rejects a weight that contains %s, with its name and the number of such values', async (_name, value) => {
  const folder = await temporaryFolder()
  const data = Float32Array.of(0, value, 1, value)
  await writeSafetensors(join(folder, 'model.safetensors'), [
    { name: 'bert.pooler.dense.bias', shape: [1], data: Float32Array.of(NaN) },
    { name: 'qa_outputs.bias', shape: [2], data: data.subarray(0, 2) },
  ])
  await expect(load(folder)).rejects.toThrow(
    `qa_outputs.bias: found 1 of 2 weights that are not finite, the first (${value}) at 1`,
  )
})
