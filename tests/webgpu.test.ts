import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { pipeline } from '../src/api/pipeline.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { ModelThread } from '../src/server/models/model-thread.ts'
import { batchGradient, recordedMasks } from './batch-gradient.ts'
import { describeEngine } from './engines.ts'
import { fixture } from './fixture.ts'
import { runHere } from './run-here.ts'
import { readJson } from './squad-reference.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { recordedBatch, tinyModel } from './tiny-model.ts'
import { tinyExamples, tinyFolder, writeTinySquad } from './tiny-squad.ts'

/** The operators that ran, as "provider operator", in profiles of ONNX Runtime whose names start with "profile". */
function operatorsIn(folder: string): string[] {
  const profiles = readdirSync(folder).filter((name) => name.startsWith('profile'))
  const events = profiles.flatMap((name) => readJson<ProfileEvent[]>(join(folder, name)))
  const kernels = events.filter(({ name, args }) => name.endsWith('_kernel_time') && args?.op_name)
  return [...new Set(kernels.map(({ args }) => `${args!.provider} ${args!.op_name}`))]
}

interface ProfileEvent {
  readonly name: string
  readonly args?: { readonly provider?: string; readonly op_name?: string }
}

describeEngine('webgpu', 'WebGPU', (engine) => {
  test('runs no operator of training and evaluation on the CPU', async () => {
    const folder = temporaryFolder()
    const profiled: Engine = {
      ...engine,
      compile: (graph, options) => engine.compile(graph, { ...options, profilePrefix: join(folder, 'profile') }),
    }
    const model = tinyModel('b1/safetensors', profiled, { dropout: true })
    const batch = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))
    await model.forward(batch.rows, batch.spans)
    await batchGradient(model, batch, undefined, recordedMasks)
    await model.release()
    const operators = operatorsIn(folder)
    expect(operators.filter((operator) => !operator.startsWith('WebGpuExecutionProvider '))).toEqual([])
    expect(operators).toContain('WebGpuExecutionProvider Gemm')
  })

  test('answers and evaluates as the CPU does, in the pipeline and in each command', async () => {
    const [{ question, context }] = tinyExamples(1)
    const answers = await Promise.all(
      ['cpu', 'webgpu'].map(async (device) =>
        (await pipeline('question-answering', tinyFolder, { device }))({ question, context }),
      ),
    )
    expect(answers[1]).toEqual({ ...answers[0], score: expect.closeTo(answers[0].score, 5) })

    const folder = temporaryFolder()
    const data = writeTinySquad(folder, 'data.json', 8)
    const results: { evaluated: object; predicted: object[] }[] = []
    for (const device of ['cpu', 'webgpu']) {
      const output = join(folder, device)
      const evaluation = await runHere(
        'evaluate',
        '--model',
        tinyFolder,
        '--data',
        data,
        '--output_dir',
        output,
        '--device',
        device,
      )
      expect(evaluation.code, evaluation.stderr).toBe(0)
      const prediction = await runHere(
        'predict',
        '--model',
        tinyFolder,
        '--input',
        data,
        '--output',
        `${output}.jsonl`,
        '--device',
        device,
      )
      expect(prediction.code, prediction.stderr).toBe(0)
      const lines = readFileSync(`${output}.jsonl`, 'utf8').trim().split('\n')
      results.push({
        evaluated: readJson(join(output, 'predictions.json')),
        predicted: lines.map((line) => {
          const { answer, start, end } = JSON.parse(line)
          return { answer, start, end }
        }),
      })
    }
    expect(results[1]).toEqual(results[0])
  })

  test.runIf(!engine.precisions.includes('float16'))(
    'refuses float16 without shader-f16, with the reason',
    async () => {
      const question = ['--question', 'who?', '--context', 'bo is in ro.', '--device', 'webgpu', '--fp16']
      const { code, stderr } = await runHere('answer', '--model', tinyFolder, ...question)
      expect(code).toBe(2)
      expect(stderr).toMatch(
        /fp16: webgpu .* does not support float16: the adapter does not have the feature shader-f16\n.*Leave out fp16/,
      )
    },
  )

  test('computes for the service, in the thread of a model', async () => {
    const row = { input_ids: Int32Array.of(2, 7, 3, 9, 3), token_type_ids: new Int32Array(5), attended: 5 }
    const thread = await ModelThread.open(tinyFolder, { device: 'webgpu' })
    const [found] = await thread.forward([row])
    expect(thread.facts.device).toMatch(/^webgpu /)
    await thread.end()
    const { model } = await loadPretrained(tinyFolder)
    const { logits } = await model.forward([row])
    await model.release()
    for (const [i, value] of logits[0].start_logits.entries()) expect(found.start_logits[i]).toBeCloseTo(value, 5)
  })
})

test('A device and an engine that do not belong together are rejected with both names', async () => {
  const question = ['answer', '--model', tinyFolder, '--question', 'who?', '--context', 'bo is in ro.']
  const refusal = async (...flags: string[]) => {
    const { code, stderr } = await runHere(...question, ...flags)
    expect(code).toBe(2)
    return stderr
  }
  expect(await refusal('--device', 'webgpu', '--engine', 'onnxruntime')).toContain(
    'device: webgpu belongs to WebGPU, not to ONNX Runtime',
  )
  expect(await refusal('--device', 'cpu', '--engine', 'webgpu')).toContain('device: WebGPU does not support cpu')
  expect(await refusal('--device', 'webgpu:7')).toContain('found webgpu:7, expected webgpu or webgpu:0')
  expect(await refusal('--device', 'cuda')).toContain(
    'device: found "cuda", expected auto, cpu, or a device of an engine',
  )
})

test.runIf(process.platform === 'linux' && process.arch === 'x64')('A machine without Vulkan is reported', async () => {
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) vi.stubEnv(name, '/nowhere')
  const question = ['--question', 'who?', '--context', 'bo is in ro.']
  const { code, stderr } = await runHere('answer', '--model', tinyFolder, ...question, '--device', 'webgpu')
  expect(code).toBe(1)
  expect(stderr).toMatch(/WebGPU: Vulkan [\s\S]*Install the Vulkan driver .* or use --device cpu/)
})
