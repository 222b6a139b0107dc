import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { listVariants, variantFiles } from '../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../inference/pretrained.ts'
import { exportModel } from './export-model.ts'
import type { ExportedVariant } from './plan-variants.ts'

const folder = fixture('../../examples/embedded/model')

async function source() {
  const [{ model }, tokenizer] = await Promise.all([loadPretrained(folder), loadTokenizer(folder)])
  return { folder, name: 'embedded', model, tokenizer }
}

const filesOf = (path: string) => readdirSync(path, { recursive: true }).map(String).sort()

test('writes the layout of Optimum and transformers.js, with sizes that are known before', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  const planned: ExportedVariant[] = []
  const progress: number[] = []
  const exported = await exportModel(await source(), {
    output_dir,
    dtypes: ['fp32', 'q8'],
    onPlan: (variants) => planned.push(...variants),
    onProgress: (bytes) => progress.push(bytes),
  })
  expect(filesOf(output_dir)).toEqual(
    expect.arrayContaining([
      'README.md',
      'config.json',
      'onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'tokenizer.json',
    ]),
  )
  expect(exported.variants).toEqual(planned)
  for (const { file, bytes } of planned) expect(statSync(join(output_dir, file)).size).toBe(bytes)
  expect(progress.at(-1)).toBe(planned[0].bytes + planned[1].bytes)
  const variants = await listVariants(output_dir)
  expect(variants).toEqual(planned.map(({ kept, ...stored }) => stored))
  expect((await variantFiles(output_dir, variants[1])).map(({ path }) => path)).toEqual([
    'config.json',
    'special_tokens_map.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'vocab.txt',
    'onnx/model_quantized.onnx',
  ])
  expect(readFileSync(join(output_dir, 'README.md'), 'utf8')).toContain('onnx/model_quantized.onnx')
})

test('stores weights outside the ONNX file on request and says so in config.json', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  await exportModel(await source(), { output_dir, dtypes: ['fp16'], external_data: true })
  const config = JSON.parse(readFileSync(join(output_dir, 'config.json'), 'utf8'))
  expect(config['transformers.js_config']).toEqual({
    use_external_data_format: { 'model_fp16.onnx': 1 },
    dtype: 'fp16',
  })
  const file = join(output_dir, 'onnx/model_fp16.onnx')
  expect(statSync(file).size).toBeLessThan(statSync(`${file}_data`).size / 4)
  const session = await ort.InferenceSession.create(file)
  expect(session.outputNames).toEqual(['start_logits', 'end_logits'])
  await session.release()
})

test('never replaces a file without overwrite, and leaves nothing behind when it fails', async () => {
  const parent = temporaryFolder()
  const output_dir = join(parent, 'exported')
  mkdirSync(join(output_dir, 'onnx'), { recursive: true })
  writeFileSync(join(output_dir, 'onnx/model.onnx'), 'mine')
  const loaded = await source()
  await expect(exportModel(loaded, { output_dir })).rejects.toThrow(/onnx\/model.onnx: already exists/)
  expect(readFileSync(join(output_dir, 'onnx/model.onnx'), 'utf8')).toBe('mine')
  expect(readdirSync(parent)).toEqual(['exported'])

  const name = loaded.model.specs.find(({ table }) => !table)!.name
  loaded.model.parameters.view(name)[0] = 1e6
  const other = join(parent, 'other')
  await expect(exportModel(loaded, { output_dir: other, dtypes: ['fp32', 'fp16'] })).rejects.toThrow(
    `${name}: has values above 65,504`,
  )
  expect(readdirSync(parent)).toEqual(['exported'])
  await exportModel(await source(), { output_dir, overwrite: true })
  expect(statSync(join(output_dir, 'onnx/model.onnx')).size).toBeGreaterThan(1000)
})

test('keeps files beside onnx/ that are the same, and adds variants to the folder', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  await exportModel(await source(), { output_dir })
  await expect(exportModel(await source(), { output_dir, dtypes: ['fp16'] })).rejects.toThrow(/already exists/)
})

test('does not write variants that are rejected', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  const { variants, rejected, files } = await exportModel(await source(), {
    output_dir,
    dtypes: ['fp32', 'q4'],
    accept: async ({ dtype, file }, folder) => existsSync(join(folder, file)) && dtype !== 'q4',
  })
  expect([variants, rejected].map((list) => list.map(({ dtype }) => dtype))).toEqual([['fp32'], ['q4']])
  expect(files).not.toContain('onnx/model_q4.onnx')
  expect(filesOf(join(output_dir, 'onnx'))).toEqual(['model.onnx'])
  expect(readFileSync(join(output_dir, 'README.md'), 'utf8')).not.toContain('q4')
})
