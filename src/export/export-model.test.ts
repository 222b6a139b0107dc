import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { listVariants, variantFiles } from '../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../inference/pretrained.ts'
import { type ExportOptions, exportVariants } from './export-model.ts'
import type { VariantFigures } from './gate/figures.ts'
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
  const exported = await exportVariants(await source(), {
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
  expect(exported.variants).toMatchObject(planned)
  expect(exported.variants.map(({ share }) => share)).toEqual([1, planned[1].bytes / planned[0].bytes])
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
  await exportVariants(await source(), { output_dir, dtypes: ['fp16'], external_data: true })
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
  await expect(exportVariants(loaded, { output_dir })).rejects.toThrow(/onnx\/model.onnx: already exists/)
  expect(readFileSync(join(output_dir, 'onnx/model.onnx'), 'utf8')).toBe('mine')
  expect(readdirSync(parent)).toEqual(['exported'])

  const name = loaded.model.specs.find(({ table }) => !table)!.name
  loaded.model.parameters.view(name)[0] = 1e6
  const other = join(parent, 'other')
  await expect(exportVariants(loaded, { output_dir: other, dtypes: ['fp32', 'fp16'] })).rejects.toThrow(
    `${name}: has values above 65,504`,
  )
  expect(readdirSync(parent)).toEqual(['exported'])
  await exportVariants(await source(), { output_dir, overwrite: true })
  expect(statSync(join(output_dir, 'onnx/model.onnx')).size).toBeGreaterThan(1000)
})

const figures = (objections: string[] = []): VariantFigures => ({
  comparison: { windows: 8, runtimes: [] },
  objections,
})

const readJson = (...parts: string[]) => JSON.parse(readFileSync(join(...parts), 'utf8'))

test('adds variants to an earlier export of the same weights, and updates what describes them', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  const loaded = await source()
  await exportVariants(loaded, { output_dir, dtypes: ['fp16'], external_data: true })
  writeFileSync(join(output_dir, 'notes.txt'), 'mine')
  const card = join(output_dir, 'README.md')
  writeFileSync(card, readFileSync(card, 'utf8').replace('A model for', 'My model for'))
  const { files } = await exportVariants(loaded, { output_dir, dtypes: ['q8', 'fp32'] })
  expect(files).toEqual(['onnx/model.onnx', 'onnx/model_quantized.onnx', 'README.md', 'config.json', 'export.json'])
  const text = readFileSync(card, 'utf8')
  for (const name of ['My model for', 'model.onnx', 'model_fp16.onnx', 'model_quantized.onnx'])
    expect(text).toContain(name)
  expect(text.split('## ONNX')).toHaveLength(2)
  expect(readJson(output_dir, 'config.json')['transformers.js_config']).toEqual({
    use_external_data_format: { 'model_fp16.onnx': 1 },
  })
  expect(readJson(output_dir, 'export.json').variants.map(({ dtype }: ExportedVariant) => dtype)).toEqual([
    'fp32',
    'fp16',
    'q8',
  ])
  expect(readFileSync(join(output_dir, 'notes.txt'), 'utf8')).toBe('mine')
  await expect(exportVariants(loaded, { output_dir, dtypes: ['fp16'] })).rejects.toThrow(
    /model_fp16.onnx: already exists/,
  )
})

test('an export of other weights is only replaced with overwrite, and then as a whole', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  await exportVariants(await source(), { output_dir, dtypes: ['fp32', 'q8'] })
  const other = await source()
  other.model.parameters.data[0] += 1
  const before = filesOf(output_dir)
  await expect(exportVariants(other, { output_dir, dtypes: ['fp16'] })).rejects.toThrow(
    /contains an export of another model/,
  )
  expect(filesOf(output_dir)).toEqual(before)
  await exportVariants(other, { output_dir, dtypes: ['fp16'], overwrite: true })
  expect(filesOf(join(output_dir, 'onnx'))).toEqual(['model_fp16.onnx'])
  expect(readFileSync(join(output_dir, 'README.md'), 'utf8')).not.toContain('quantized.onnx')
})

test('a configuration that was changed is not replaced', async () => {
  const output_dir = join(temporaryFolder(), 'exported')
  await exportVariants(await source(), { output_dir })
  const config = join(output_dir, 'config.json')
  writeFileSync(config, JSON.stringify({ ...readJson(config), id2label: {} }))
  await expect(exportVariants(await source(), { output_dir, dtypes: ['fp16'] })).rejects.toThrow(
    /config.json: differs from the configuration of the model/,
  )
})

test('does not write variants with objections, and names them only in export.json', async () => {
  const parent = temporaryFolder()
  const output_dir = join(parent, 'exported')
  const judge: ExportOptions['judge'] = async (variants, folder) =>
    variants.map(({ dtype, file }) => figures(existsSync(join(folder, file)) && dtype === 'q4' ? ['loses 2 F1'] : []))
  const { variants, rejected, files } = await exportVariants(await source(), {
    output_dir,
    dtypes: ['q8', 'q4'],
    judge,
  })
  expect([variants, rejected].map((list) => list.map(({ dtype }) => dtype))).toEqual([['q8'], ['q4']])
  expect(files).not.toContain('onnx/model_q4.onnx')
  expect(filesOf(join(output_dir, 'onnx'))).toEqual(['model_quantized.onnx'])
  for (const file of ['README.md', 'config.json'])
    expect(readFileSync(join(output_dir, file), 'utf8')).not.toContain('q4')
  expect(readJson(output_dir, 'export.json').rejected).toMatchObject([{ dtype: 'q4', objections: ['loses 2 F1'] }])

  const none = await exportVariants(await source(), { output_dir: join(parent, 'none'), dtypes: ['q4'], judge })
  expect(none.files).toEqual([])
  expect(readdirSync(parent)).toEqual(['exported'])

  const forced = await exportVariants(await source(), {
    output_dir: join(parent, 'q4'),
    dtypes: ['q4'],
    judge,
    force: true,
  })
  expect(forced.files).toContain('onnx/model_q4.onnx')
  expect(readFileSync(join(parent, 'q4/README.md'), 'utf8')).toContain('q4 was exported although it loses 2 F1.')
})

test('an export that is interrupted leaves nothing behind', async () => {
  const parent = temporaryFolder()
  const controller = new AbortController()
  const interrupted = exportVariants(await source(), {
    output_dir: join(parent, 'exported'),
    signal: controller.signal,
    onProgress: () => controller.abort(),
  })
  await expect(interrupted).rejects.toThrow(/aborted/)
  expect(readdirSync(parent)).toEqual([])
})
