import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { geometryOf } from '../models/registry.ts'
import { loadConfig, saveModel } from './model-folder.ts'
import { openWeights } from './open.ts'
import type { NamedTensor } from './safetensors-writer.ts'
import { elementCount } from './stored-tensor.ts'

async function readTensors(folder: string): Promise<NamedTensor[]> {
  const checkpoint = await openWeights(folder)
  const tensors: NamedTensor[] = []
  for (const { name, shape, readInto } of checkpoint.tensors.values()) {
    const data = new Float32Array(elementCount(shape))
    await readInto(data)
    tensors.push({ name, shape, data })
  }
  await checkpoint.close()
  return tensors
}

test('loading and saving a model reproduces the files that save_pretrained wrote', async () => {
  const source = fixture('tiny/b1/safetensors')
  const folder = join(await temporaryFolder(), 'new', 'model')
  await saveModel(folder, await loadConfig(source), await readTensors(source))
  expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors'])
  for (const file of ['config.json', 'model.safetensors'])
    expect(await readFile(join(folder, file))).toEqual(await readFile(join(source, file)))
})

test('records float16 in the config', async () => {
  const source = fixture('tiny/b1/safetensors')
  const folder = await temporaryFolder()
  await saveModel(folder, await loadConfig(source), await readTensors(source), { dtype: 'F16' })
  expect(await readFile(join(folder, 'config.json'))).toEqual(await readFile(fixture('tiny/b3/float16/config.json')))
})

test('refuses to save non-finite weights and leaves the existing file intact', async () => {
  const source = fixture('tiny/b1/safetensors')
  const folder = await temporaryFolder()
  const [config, tensors] = [await loadConfig(source), [...(await readTensors(source))]]
  await saveModel(folder, config, tensors)
  const before = await readFile(join(folder, 'model.safetensors'))
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const broken = tensors.map((tensor, i) => (i === 2 ? { ...tensor, data: tensor.data.map(() => value) } : tensor))
    await expect(saveModel(folder, config, broken)).rejects.toThrow(`${tensors[2].name}: found`)
    expect((await readFile(join(folder, 'model.safetensors'))).equals(before)).toBe(true)
  }
})

test('names a missing or broken config.json', async () => {
  const folder = await temporaryFolder()
  await expect(loadConfig(folder)).rejects.toThrow(`${folder}: config.json is missing; found an empty folder`)
  await writeFile(join(folder, 'config.json'), '{"hidden_size": 3')
  await expect(loadConfig(folder)).rejects.toThrow(/config.json: found broken JSON.*\n.*corrupted/)
})

test('reads only the non-finite numbers that Python writes as null', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'config.json')
  await writeFile(path, '{"metrics": [NaN, -Infinity, Infinity, 1], "note": "NaN \\" NaN", "hidden_size": 24}')
  const config = await loadConfig(folder)
  expect({ hidden_size: geometryOf(config).hidden_size, extra: config.extra }).toEqual({
    hidden_size: 24,
    extra: { metrics: [null, null, null, 1], note: 'NaN " NaN' },
  })
  await writeFile(path, '{"metrics": NaN, "hidden_size": nan}')
  await expect(loadConfig(folder)).rejects.toThrow('config.json: found broken JSON')
})

test('rejects a config.json that is a Git LFS pointer or a web page, and says so', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'config.json'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n')
  await expect(loadConfig(folder)).rejects.toThrow(/config.json: found a Git LFS pointer.*\n.*git lfs pull/)
  await writeFile(join(folder, 'config.json'), '<html><head>')
  await expect(loadConfig(folder)).rejects.toThrow(/config.json: found a web page/)
})

describeShared('configs of real models', () => {
  test('loads minilm and saves it as a question-answering model', async () => {
    const config = await loadConfig(shared('models/minilm-l6-h384'))
    expect(config).toMatchObject({ hidden_size: 384, num_hidden_layers: 6, num_attention_heads: 12, vocab_size: 30522 })
    const folder = await temporaryFolder()
    await saveModel(folder, config, [])
    expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toMatchObject({
      architectures: ['BertForQuestionAnswering'],
      dtype: 'float32',
      hidden_size: 384,
      gradient_checkpointing: false,
    })
  })
})
