import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { AutoModelForQuestionAnswering } from '../src/api/model.ts'
import { Trainer, TrainingArguments } from '../src/api/trainer.ts'
import { Device, webGpuError } from '../src/runtime/webgpu/device.ts'
import { verifyCheckpoint } from '../src/training/checkpoints/checkpoint-manifest.ts'
import { spanforge } from './cli.ts'
import { describeEngine } from './engines.ts'
import { fixture } from './fixture.ts'
import { runHere, type Said } from './run-here.ts'
import { readJson } from './squad-reference.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { isExhaustive } from './thorough.ts'
import { recordedDataset } from './tiny-model.ts'
import { checkpointBytes, type Flags, tinyTraining } from './tiny-run.ts'
import { tinyFolder } from './tiny-squad.ts'

vi.setConfig({ testTimeout: 600_000 })

const settings = { device: 'webgpu', max_steps: 4, save_strategy: 'steps', save_steps: 2, learning_rate: 1e-4 } as const

const training = (folder: string, more: Flags = {}): string[] => tinyTraining(folder, { ...settings, ...more })

async function train(folder: string, more: Flags = {}): Promise<Said> {
  const said = await runHere(...training(folder, more))
  expect(said.code, said.stderr).toBe(0)
  return said
}

const lossesOf = (folder: string): number[] =>
  readJson<{ log_history: { loss?: number }[] }>(join(folder, 'out/trainer_state.json')).log_history.flatMap(
    ({ loss }) => loss ?? [],
  )

/** Ends the thread of the device, as a lost device does. */
const loseDevice = (): Promise<unknown> => Device.get().thread.end()

/** The losses and the last checkpoint of a run that was not interrupted. */
const whole = once(async () => {
  const folder = temporaryFolder()
  await train(folder)
  return { losses: lossesOf(folder), bytes: checkpointBytes(join(folder, 'out/checkpoint-4')) }
})

function once<T>(compute: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= compute()
    return result
  }
}

describeEngine('webgpu', 'runs on a graphics card', (engine) => {
  test.runIf(isExhaustive)('train trains as on the CPU', async () => {
    const { losses } = await whole()
    const onCpu = temporaryFolder()
    await train(onCpu, { device: 'cpu' })
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(lossesOf(onCpu)[i], 3)

    // A run begun on the CPU is finished on the graphics card.
    await train(onCpu, { max_steps: 2, overwrite_output_dir: true, device: 'cpu', lr_scheduler_type: 'constant' })
    const moved = await train(onCpu, { resume_from_checkpoint: 'latest', lr_scheduler_type: 'constant' })
    expect(moved.stdout + moved.stderr).toContain('device "webgpu" (was "cpu")')
    const constant = temporaryFolder()
    await train(constant, { device: 'cpu', lr_scheduler_type: 'constant' })
    for (const [i, loss] of lossesOf(onCpu).entries()) expect(loss).toBeCloseTo(lossesOf(constant)[i], 3)
  })

  test.runIf(isExhaustive)('the Trainer and sweep train there, also with frozen layers', async () => {
    const model = await AutoModelForQuestionAnswering.from_pretrained(tinyFolder, { engine })
    const args = new TrainingArguments({
      ...{ output_dir: temporaryFolder(), max_steps: 2, per_device_train_batch_size: 4, freeze_layers: 1 },
      ...{ max_seq_length: 24, doc_stride: 8, disable_tqdm: true, save_strategy: 'no' },
    })
    const train_dataset = recordedDataset(fixture('trainer/train.safetensors'))
    const { training_loss } = await new Trainer({ model, args, train_dataset }).train()
    const plain = await AutoModelForQuestionAnswering.from_pretrained(tinyFolder)
    const onCpu = new TrainingArguments({ ...args, output_dir: temporaryFolder() })
    const expected = await new Trainer({ model: plain, args: onCpu, train_dataset }).train()
    expect(training_loss).toBeCloseTo(expected.training_loss, 4)
    await model.release()
    await plain.release()

    const folder = temporaryFolder()
    const [, ...flags] = training(folder, { max_steps: 1, save_steps: 1 })
    const swept = await runHere('sweep', ...flags, '--grid', 'learning_rate=1e-4,2e-4')
    expect(swept.code, swept.stderr).toBe(0)
    const { trials } = readJson<{ trials: { status: string }[] }>(join(folder, 'out/sweep.json'))
    expect(trials).toHaveLength(2)
  })

  test.runIf(isExhaustive)('a run that does not fit is rejected, and keeps its last checkpoint', async () => {
    const folder = temporaryFolder()
    await train(folder, { max_steps: 2 })
    const full = webGpuError(new Error('[Invalid Buffer (unlabeled)] is invalid due to a previous error'))
    const small = vi.spyOn(Device.prototype, 'write').mockRejectedValue(full)
    const { code, stderr } = await runHere(...training(folder, { resume_from_checkpoint: 'latest' }))
    small.mockRestore()
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/WebGPU: the device ran out of memory .*\n.*max_tokens_per_pass/),
    ])
    expect(await verifyCheckpoint(join(folder, 'out/checkpoint-2'))).toBeNull()
  })

  test.runIf(isExhaustive)('a run that was killed resumes with the same bits', async () => {
    const folder = temporaryFolder()
    const { signal } = await spanforge(training(folder), {
      meanwhile: (child) => {
        const timer = setInterval(() => {
          try {
            readFileSync(join(folder, 'out/checkpoint-2/trainer_state.json'))
            child.kill('SIGKILL')
            clearInterval(timer)
          } catch {}
        }, 20)
      },
    })
    expect(signal).toBe('SIGKILL')
    await train(folder, { resume_from_checkpoint: 'latest' })
    expect(checkpointBytes(join(folder, 'out/checkpoint-4'))).toEqual((await whole()).bytes)
  })

  test.runIf(isExhaustive)('the service answers there', async () => {
    let answered: unknown
    await spanforge(['serve', tinyFolder, '--port', '0', '--json', '--device', 'webgpu'], {
      meanwhile(child) {
        let said = ''
        child.stdout!.on('data', async (chunk) => {
          said += chunk
          const [, address] = /"address": "([^"]+)"/.exec(said) ?? []
          if (!address) return
          said = ''
          const response = await fetch(`${address}api/answer`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ question: 'who is in ro?', context: 'bo is in ro.' }),
          })
          answered = await response.json()
          child.kill('SIGTERM')
        })
      },
    })
    expect(answered).toMatchObject({ answers: expect.anything() })
  })

  // The last one, because a new device compiles everything again.
  test('a run begins with the lines of the notebook; a lost device ends it with an error, and its last checkpoint resumes with the same bits', async () => {
    const folder = temporaryFolder()
    const run = Device.prototype.run
    const spy = vi.spyOn(Device.prototype, 'run').mockImplementation(async function (this: Device, ...args) {
      const checkpoints = readdirSync(join(folder, 'out')).filter((name) => name.startsWith('checkpoint-'))
      if (checkpoints.length > 0) await loseDevice()
      return run.apply(this, args)
    })
    const { code, stdout, stderr } = await runHere(...training(folder))
    spy.mockRestore()
    expect(stdout + stderr).toMatch(/GPU available +yes\nGPU name +.*\nGPU memory +/)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/WebGPU: the device was lost .*\n.*last checkpoint/)])
    expect(await verifyCheckpoint(join(folder, 'out/checkpoint-2'))).toBeNull()
    if (!isExhaustive) return
    await train(folder, { resume_from_checkpoint: 'latest' })
    expect(checkpointBytes(join(folder, 'out/checkpoint-4'))).toEqual((await whole()).bytes)
  })
})

test.skipIf(process.platform !== 'linux')('without Vulkan, train stops before the first step', async () => {
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) vi.stubEnv(name, '/nowhere')
  const { code, stderr } = await runHere(...training(temporaryFolder()))
  vi.unstubAllEnvs()
  expect([code, stderr]).toEqual([1, expect.stringMatching(/WebGPU: Vulkan [\s\S]*Install the Vulkan driver/)])
})
