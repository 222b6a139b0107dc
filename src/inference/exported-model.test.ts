import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { runHere } from '../../tests/run-here.ts'
import { recordedBatch } from '../../tests/tiny-model.ts'
import { tinyService, tinyText } from '../../tests/tiny-service.ts'
import { writeTinySquad } from '../../tests/tiny-squad.ts'
import { pipeline } from '../api/pipeline.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { exportVariants } from '../export/export-model.ts'
import { input } from '../graph/tensor.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import { encodeModel } from '../onnx/encode.ts'
import { toBytes } from '../protobuf.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { ExportedModel } from './exported-model.ts'
import { loadPretrained } from './pretrained.ts'

const source = fixture('tiny/b1/safetensors')
const { rows, spans } = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))
const parent = mkdtempSync(join(tmpdir(), 'spanforge-'))
const folder = join(parent, 'exported')
let original: QuestionAnsweringModel

beforeAll(async () => {
  original = (await loadPretrained(source)).model
  const tokenizer = await loadTokenizer(source)
  await exportVariants(
    { folder: source, name: 'tiny', model: original, tokenizer },
    { output_dir: folder, dtypes: ['fp32', 'int8', 'q8'] },
  )
})
afterAll(async () => {
  await original.release()
  rmSync(parent, { recursive: true })
})

const differences = (found: Float32Array, expected: Float32Array): number =>
  Math.max(...found.map((value, i) => Math.abs(value - expected[i])))

test('has the logits and the loss of the model that was exported', async () => {
  const model = await ExportedModel.open(folder)
  expect(model.num_parameters()).toBe(original.num_parameters())
  const expected = await original.forward(rows, spans)
  const { logits, loss } = await model.forward(rows, spans)
  expect(loss).toBeCloseTo(expected.loss!, 5)
  for (const [r, { start_logits, end_logits }] of logits.entries()) {
    // The logits of padding are not defined.
    const real = (side: Float32Array) => side.subarray(0, rows[r].attended)
    expect(start_logits.length).toBe(rows[r].input_ids.length)
    expect(differences(real(start_logits), expected.logits[r].start_logits)).toBeLessThan(1e-5)
    expect(differences(real(end_logits), expected.logits[r].end_logits)).toBeLessThan(1e-5)
  }
  await model.release()
  expect((await model.forward(rows)).loss).toBeUndefined()
  await model.release()
})

test('computes rows one by one if they would depend on each other', async () => {
  const [int8, q8] = await Promise.all((['int8', 'q8'] as const).map((dtype) => ExportedModel.open(folder, { dtype })))
  expect([int8.dependsOnBatch, q8.dependsOnBatch]).toEqual([true, false])
  const together = await int8.forward(rows)
  for (const [r, row] of rows.entries()) expect((await int8.forward([row])).logits).toEqual([together.logits[r]])
  await Promise.all([int8.release(), q8.release()])
})

test('a missing variant, engine or model is an error that names what there is', async () => {
  await expect(ExportedModel.open(folder, { dtype: 'fp16' })).rejects.toThrow(
    /has no variant of dtype fp16 \(onnx\/model_fp16.onnx\)\n.*fp32, q8, int8/,
  )
  await expect(ExportedModel.open(source)).rejects.toThrow(/has no exported model[\s\S]*spanforge export/)
  const { open: _open, ...engine } = defaultEngine
  await expect(ExportedModel.open(folder, { engine: { ...engine, device: 'cpu' } })).rejects.toThrow(
    /does not run exported ONNX files/,
  )
  const other = join(parent, 'other')
  mkdirSync(join(other, 'onnx'), { recursive: true })
  writeFileSync(join(other, 'config.json'), readFileSync(join(source, 'config.json')))
  writeFileSync(join(other, 'onnx/model.onnx'), toBytes(encodeModel({ logits: input('pixels', ['n']) })))
  await expect(ExportedModel.open(other)).rejects.toThrow(
    /found the inputs pixels and the outputs logits, expected at most the inputs input_ids, .*start_logits, end_logits/,
  )
  writeFileSync(join(other, 'onnx/model.onnx'), 'not a model')
  await expect(ExportedModel.open(other)).rejects.toThrow(/model.onnx: ONNX Runtime cannot load the model/)
  rmSync(other, { recursive: true })
})

test('every command and the pipeline use it', { timeout: 120_000 }, async () => {
  const data = writeTinySquad(parent, 'data.json', 6)
  const ask = ['--question', 'who is in ro?', '--context', 'bo is in ro. li was ka.', '--json']
  const answers = async (model: string, ...more: string[]) => {
    const { code, stdout, stderr } = await runHere('answer', '--model', model, ...ask, ...more)
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)
  }
  const expected = await answers(source)
  const found = await answers(folder)
  expect(found.answer).toBe(expected.answer)
  expect(found.score).toBeCloseTo(expected.score, 5)
  expect((await answers(folder, '--dtype', 'int8')).score).not.toBe(found.score)

  const evaluate = async (model: string) => {
    const { code, stdout, stderr } = await runHere('evaluate', '--model', model, '--data', data, '--json')
    expect(code, stderr).toBe(0)
    const { eval_loss, f1 } = JSON.parse(stdout)
    return { eval_loss: Math.round(eval_loss * 1e4), f1 }
  }
  expect(await evaluate(folder)).toEqual(await evaluate(source))

  const output = join(parent, 'answers.jsonl')
  const { code, stderr } = await runHere(
    'predict',
    '--model',
    folder,
    '--dtype',
    'q8',
    '--input',
    data,
    '--output',
    output,
  )
  expect(code, stderr).toBe(0)
  expect(readFileSync(output, 'utf8').trim().split('\n')).toHaveLength(6)

  const service = await tinyService({ folders: [`tiny=${folder}`] })
  const body = { question: 'who is in ro?', context: 'bo is in ro. li was ka.' }
  const answer = await service.app.inject({ method: 'POST', url: '/api/answer', payload: body })
  expect(JSON.parse(answer.body).answers[0].answer).toBe(expected.answer)
  await service.close()

  const piped = await pipeline('question-answering', folder, { dtype: 'q8' })
  expect(await piped('who is in ro?', 'bo is in ro. li was ka.')).toHaveProperty('score')
  await piped.dispose()
  await expect(pipeline('question-answering', folder, { dtype: 'q9' })).rejects.toThrow(/unknown dtype "q9"/)
  const unknown = await runHere('answer', '--model', folder, '--dtype', 'q9', ...ask)
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Available dtypes: fp32, fp16')])
})

test('serve computes the windows of concurrent requests alone if they would depend on each other', async () => {
  const dynamic = join(parent, 'dynamic')
  const tokenizer = await loadTokenizer(source)
  const loaded = { folder: source, name: 'tiny', model: original, tokenizer }
  await exportVariants(loaded, { output_dir: dynamic, dtypes: ['int8'] })
  const service = await tinyService({ folders: [`tiny=${dynamic}`] })
  const bodies = Array.from({ length: 8 }, (_, i) => ({ question: 'who is in ro?', context: tinyText(5 + 4 * i) }))
  const ask = async (payload: object) => {
    const answer = await service.app.inject({ method: 'POST', url: '/api/answer', payload })
    return JSON.parse(answer.body).answers.map(({ answer, score }: { answer: string; score: number }) => [
      answer,
      score,
    ])
  }
  const alone: unknown[] = []
  for (const body of bodies) alone.push(await ask(body))
  expect(await Promise.all(bodies.map(ask))).toEqual(alone)
  await service.close()
})
