import { createHash } from 'node:crypto'
import { cp, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { type ModelWeights, openWeights } from './open.ts'
import { elementCount } from './stored-tensor.ts'

async function sha256OfWeights(checkpoint: ModelWeights): Promise<string> {
  const hash = createHash('sha256')
  for (const name of [...checkpoint.tensors.keys()].sort()) {
    const { shape, readInto } = checkpoint.tensors.get(name)!
    const data = new Float32Array(elementCount(shape))
    await readInto(data)
    hash.update(`${name} ${shape}`).update(new Uint8Array(data.buffer))
  }
  await checkpoint.close()
  return hash.digest('hex')
}

test('reads the same bytes from five formats of the same weights', async () => {
  const forms = ['safetensors', 'safetensors-sharded', 'bin-zip', 'bin-legacy', 'bin-sharded']
  const hashes = await Promise.all(
    forms.map(async (form) => sha256OfWeights(await openWeights(fixture(`tiny/b1/${form}`)))),
  )
  expect(new Set(hashes).size).toBe(1)
})

test('lists the weight files', async () => {
  const single = await openWeights(fixture('tiny/b1/bin-zip'))
  expect(single.files).toEqual(['pytorch_model.bin'])
  await single.close()
  const sharded = await openWeights(fixture('tiny/b1/safetensors-sharded'))
  expect(sharded.files).toEqual([1, 2, 3, 4, 5, 6].map((n) => `model-0000${n}-of-00006.safetensors`))
  await sharded.close()
})

test('prefers safetensors to pytorch_model.bin', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'pytorch_model.bin'), 'rubbish')
  await cp(fixture('tiny/b1/safetensors/model.safetensors'), join(folder, 'model.safetensors'))
  const checkpoint = await openWeights(folder)
  expect(checkpoint.files).toEqual(['model.safetensors'])
  await checkpoint.close()
})

test('follows symbolic links, as in the hub cache', async () => {
  const folder = await temporaryFolder()
  await symlink(fixture('tiny/b1/safetensors/model.safetensors'), join(folder, 'model.safetensors'))
  const checkpoint = await openWeights(folder)
  expect(checkpoint.tensors.size).toBe(39)
  await checkpoint.close()
})

test('rejects a missing folder, a file, and a folder without weights, listing the expected files', async () => {
  const folder = await temporaryFolder()
  await expect(openWeights(join(folder, 'none'))).rejects.toThrow('none: does not exist')
  await expect(openWeights(folder)).rejects.toThrow(
    'found no weights (the folder is empty), expected one of model.safet',
  )
  await writeFile(join(folder, 'README.md'), '')
  await expect(openWeights(folder)).rejects.toThrow(/found no weights \(README.md\).*pytorch_model.bin.index.json/)
  await expect(openWeights(join(folder, 'README.md'))).rejects.toThrow('README.md: does not exist')
})

test.each([
  ['tf_model.h5', /found TensorFlow weights \(tf_model.h5\), expected one of model.safetensors, .*\n.*from_tf=True/],
  ['flax_model.msgpack', /found Flax weights \(flax_model.msgpack\).*\n.*from_flax=True/],
  ['bert_model.ckpt.index', /found a TensorFlow or PyTorch Lightning checkpoint \(bert_model.ckpt.index\)/],
  ['model.onnx', /found an ONNX export \(model.onnx\).*\n.*for inference only/],
  ['onnx', /found an ONNX export \(onnx\)/],
  ['openvino_model.xml', /found an OpenVINO export/],
  ['model-q4.gguf', /found weights for llama.cpp/],
  ['adapter_model.safetensors', /found only the weights of a PEFT adapter .*\n.*merge_and_unload/],
  ['model.fp16.safetensors', /found the weights of a variant \(model.fp16.safetensors\).*\n.*Rename/],
  [
    'model-00002-of-00003.safetensors',
    /found shards without their index \(model-00002-of.*\n.*model.safetensors.index/,
  ],
  ['best.pt', /found a torch.save file with an unknown name \(best.pt\)/],
])('a folder with %s alone is rejected by what that is', async (name, expected) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'config.json'), '{}')
  await writeFile(join(folder, name), '')
  await expect(openWeights(folder)).rejects.toThrow(expected)
})

test.each(['model.safetensors', 'pytorch_model.bin', 'model.safetensors.index.json'])(
  'rejects a %s that is a Git LFS pointer or a web page, and says so',
  async (name) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, name), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 441\n')
    await expect(openWeights(folder)).rejects.toThrow(/found a Git LFS pointer.*\n.*git lfs pull.*spanforge download/)
    await writeFile(join(folder, name), '<!DOCTYPE html>\n<html><body>bert-base-uncased</body></html>')
    await expect(openWeights(folder)).rejects.toThrow(/found a web page.*\n.*\/resolve\//)
  },
)

test('rejects a folder instead of a weight file', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'model.safetensors'))
  await expect(openWeights(folder)).rejects.toThrow('found a folder, expected a file')
})

async function shardedCopy(): Promise<string> {
  const folder = await temporaryFolder()
  await cp(fixture('tiny/b1/safetensors-sharded'), folder, { recursive: true })
  return folder
}

test('names missing and truncated shards', async () => {
  const folder = await shardedCopy()
  const path = join(folder, 'model-00003-of-00006.safetensors')
  await truncate(path, 5000)
  await expect(openWeights(folder)).rejects.toThrow(/model-00003-of-00006.safetensors: .* past the end of the file/)
  await rm(path)
  const index = 'model.safetensors.index.json: 1 of the 6 shards it lists are missing: model-00003-of-00006.safetensors'
  await expect(openWeights(folder)).rejects.toThrow(index)
  for (const n of [1, 2, 4]) await rm(join(folder, `model-0000${n}-of-00006.safetensors`))
  await expect(openWeights(folder)).rejects.toThrow(/4 of the 6 shards it lists are missing: .* and 1 more\n/)
})

const INDEXES: Record<string, [index: unknown, error: RegExp]> = {
  'a shard outside the folder': [{ w: '../model.safetensors' }, /found shard "..\/model.safetensors", expected/],
  'a shard with an absolute path': [{ w: '/etc/x.safetensors' }, /found shard "\/etc\/x.safetensors"/],
  'a shard with a Windows path': [{ w: '..\\x.safetensors' }, /found shard/],
  'a shard with a zero byte': [{ w: 'x\0.safetensors' }, /found shard/],
  'a shard of another format': [{ w: 'pytorch_model.bin' }, /expected the name of a .safetensors file/],
  'a shard without the tensor': [
    { w: 'model-00001-of-00006.safetensors' },
    /model-00001-of-00006.safetensors: does not contain w, which model.safetensors.index.json/,
  ],
  'a weight_map of numbers': [{ w: 1 }, /expected "weight_map", an object that maps tensor names/],
  'a weight_map that is a list': [[], /expected "weight_map"/],
}

test.each(Object.entries(INDEXES))('rejects an index with %s', async (_name, [weight_map, expected]) => {
  const folder = await shardedCopy()
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }))
  await expect(openWeights(folder)).rejects.toThrow(expected)
})

test('rejects a truncated index', async () => {
  const folder = await shardedCopy()
  await truncate(join(folder, 'model.safetensors.index.json'), 100)
  await expect(openWeights(folder)).rejects.toThrow(/model.safetensors.index.json: found broken JSON/)
})

describeShared('real models', () => {
  test.each([
    // The older file also contains position_ids.
    ['minilm-l6-h384', 104, 22_713_216],
    ['minilm-qa-reference', 103, 22_566_146],
  ])('%s has %i tensors of %i weights', async (name, tensors, weights) => {
    const checkpoint = await openWeights(shared(`models/${name}`))
    const floats = [...checkpoint.tensors.values()].filter(({ dtype }) => dtype !== 'I64')
    expect(checkpoint.tensors.size).toBe(tensors)
    expect(floats.reduce((sum, { shape }) => sum + elementCount(shape), 0)).toBe(weights)
    await checkpoint.close()
  })
})
