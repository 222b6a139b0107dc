import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { exportVariants } from '../src/export/export-model.ts'
import { ExportedModel } from '../src/inference/exported-model.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import { openModel } from '../src/runs/load/load-model.ts'
import { fixture } from './fixture.ts'
import { hubWorld } from './hub-world.ts'
import { recordedBatch } from './tiny-model.ts'

const world = hubWorld(() => {})
const source = fixture('tiny/b1/safetensors')
const parent = mkdtempSync(join(tmpdir(), 'spanforge-'))
const exported = join(parent, 'exported')
afterAll(() => rmSync(parent, { recursive: true }))

beforeAll(async () => {
  const [{ model }, tokenizer] = await Promise.all([loadPretrained(source), loadTokenizer(source)])
  const settings = { folder: source, name: 'tiny', model, tokenizer }
  await exportVariants(settings, { output_dir: exported, dtypes: ['fp32', 'q8'] })
  await exportVariants(settings, { output_dir: exported, dtypes: ['fp16'], external_data: true })
  await model.release()
  const files = readdirSync(exported, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const contents = files.map(({ parentPath, name }) => {
    const path = join(parentPath, name)
    return [path.slice(exported.length + 1), readFileSync(path)] as const
  })
  world.server.add('model', 'ann/exported').commit(Object.fromEntries(contents))
})

const downloaded = async () =>
  (await world.files()).flatMap((path) => /snapshots\/[^/]+\/(.*\..*)$/.exec(path)?.[1] ?? [])

test('downloads only the file of the dtype, with its external data, and runs it', async () => {
  const { model } = await openModel('ann/exported', { choice: { dtype: 'q8' } }, world.options)
  expect(await downloaded()).toEqual([
    'config.json',
    'onnx/model_quantized.onnx',
    'special_tokens_map.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'vocab.txt',
  ])
  const local = await ExportedModel.open(exported, { dtype: 'q8' })
  const { rows } = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))
  expect((await model.forward(rows)).logits).toEqual((await local.forward(rows)).logits)
  await Promise.all([model.release(), local.release()])

  const half = await openModel('ann/exported', { choice: { dtype: 'fp16' } }, world.options)
  expect((await downloaded()).filter((path) => path.startsWith('onnx/'))).toEqual([
    'onnx/model_fp16.onnx',
    'onnx/model_fp16.onnx_data',
    'onnx/model_quantized.onnx',
  ])
  await half.model.release()
})

test('a dtype that the repository lacks is an error that names the file, and nothing is downloaded', async () => {
  await expect(openModel('ann/exported', { choice: { dtype: 'q4' } }, world.options)).rejects.toThrow(
    /has no onnx\/model_q4.onnx\n/,
  )
  expect(world.downloads).toEqual([])
})
