import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { batchGradient } from '../../../tests/batch-gradient.ts'
import { fixture, fixtureJson } from '../../../tests/fixture.ts'
import { float16Engine } from '../../../tests/float16-engine.ts'
import { readRecorded } from '../../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import { recordedBatch, recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import { parseArguments, type TrainingArgumentsInput } from '../arguments/arguments.ts'
import { readLoopState } from '../checkpoints/run-checkpoint.ts'
import { Stepper } from './stepper.ts'

const engine = float16Engine
const run = (more: TrainingArgumentsInput, choice: object = {}) =>
  trainTiny({ save_strategy: 'no', report_to: [], output_dir: temporaryFolder(), ...more }, choice)

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (x, i) => x - b[i]))

interface RecordedStep {
  readonly loss: number
  readonly grad_norm: number | null
  readonly learning_rate: number
  readonly loss_scale: number
  readonly taken: boolean
}

describe('fp16, emulated on the CPU', () => {
  test('has the logits, loss and gradients of torch.autocast, up to the rounding of float16', async () => {
    const expected = readRecorded(fixture('float16/gradients.safetensors'))
    const model = tinyModel('b1/safetensors', engine)
    const batch = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))
    const { loss, view } = await batchGradient(model, batch, undefined, undefined, { fp16: true }, 65536)
    await model.computeIn('float16')
    const { logits } = await model.forward(batch.rows)
    await model.release()
    const found: Readonly<Record<string, ArrayLike<number>>> = {
      loss: [loss],
      start_logits: logits.flatMap(({ start_logits }) => [...start_logits]),
      end_logits: logits.flatMap(({ end_logits }) => [...end_logits]),
      ...Object.fromEntries(
        model.parameters.entries.map(({ name }) => [`grad.${name}`, view(name).map((x) => x / 65536)]),
      ),
    }
    const between = (of: (name: string) => ArrayLike<number>, kind: RegExp, prefix = '') =>
      Math.hypot(
        ...Object.keys(found)
          .filter((name) => kind.test(name))
          .map((name) => distance(of(name), expected[prefix + name].data as Float32Array)),
      )
    for (const kind of [/logits$/, /^grad/]) {
      const rounding = between((name) => expected[name].data as Float32Array, kind, 'float32.')
      // torch rounds attention scores before and after it divides them by the root of the head size.
      expect(
        between((name) => found[name], kind),
        String(kind),
      ).toBeLessThan(1.5 * rounding)
      expect(
        between((name) => found[name], kind, 'float32.'),
        String(kind),
      ).toBeGreaterThan(0.5 * rounding)
    }
    expect(Math.abs(loss - expected.loss.data[0])).toBeLessThan(1e-3)
  })

  test('skips the steps that torch skips, with the loss scale and learning rate of each step', async () => {
    const recorded = fixtureJson<readonly RecordedStep[]>('float16/steps.json')
    const model = tinyModel('b1/safetensors', engine)
    const head = model.parameters.view('qa_outputs.weight')
    for (const [i, weight] of head.entries()) head[i] = 12 * weight
    const settings = { fp16: true, learning_rate: 5e-4, warmup_steps: 4, weight_decay: 0.01 }
    const args = parseArguments({ ...settings, padding: 'max_length', max_seq_length: 24, doc_stride: 4 }, 'test')
    const { windows } = recordedDataset(fixture('trainer/train.safetensors'))
    const stepper = await Stepper.open(model, args, recorded.length)
    for (const [step, expected] of recorded.entries()) {
      const first = (4 * step) % 20
      const { loss, grad_norm, ...found } = await stepper.step(step, [[0, 1, 2, 3].map((i) => first + i)], windows)
      const { learning_rate, loss_scale, taken } = expected
      expect(found, `step ${step}`).toMatchObject({ learning_rate, loss_scale, taken })
      expect(Math.abs(loss / expected.loss - 1), `loss of step ${step}`).toBeLessThan(0.01)
      if (taken) expect(Math.abs(grad_norm / expected.grad_norm! - 1), `norm of step ${step}`).toBeLessThan(0.02)
      else expect(grad_norm).not.toSatisfy(Number.isFinite)
    }
    await stepper.release()
  })

  test('has a curve within 0.02 of float32 over 30 steps with dropout', async () => {
    const settings = { max_steps: 30, learning_rate: 1e-4 }
    const losses = async (more: object) =>
      (await run({ ...settings, ...more }, { engine })).of('step').map(({ loss }) => loss)
    const [half, full] = [await losses({ fp16: true }), await losses({})]
    for (const [i, loss] of half.entries()) expect(Math.abs(loss - full[i]), `step ${i}`).toBeLessThan(0.02)
    expect(half).not.toEqual(full)
  })

  test.each<TrainingArgumentsInput>([
    { gradient_checkpointing: true },
    { per_device_train_batch_size: 2, gradient_accumulation_steps: 2 },
    { max_tokens_per_pass: 48 },
  ])('has the losses and gradient norms of whole batches with %o', async (options) => {
    const settings = { fp16: true, max_steps: 3, learning_rate: 1e-4 }
    const [expected, found] = [await run(settings, { engine }), await run({ ...settings, ...options }, { engine })]
    for (const [i, { loss, grad_norm, taken }] of found.of('step').entries()) {
      const whole = expected.of('step')[i]
      expect(taken).toBe(true)
      expect(Math.abs(loss - whole.loss), `loss of step ${i}`).toBeLessThan(0.01)
      expect(Math.abs(grad_norm / whole.grad_norm - 1), `norm of step ${i}`).toBeLessThan(0.02)
    }
  })

  test('logs skipped steps, and saves the loss scale, so that a resumed run has the same bits', async () => {
    const model = overflowing()
    const output_dir = temporaryFolder()
    const settings = { fp16: true, max_steps: 6, save_strategy: 'steps', save_steps: 3 } as const
    const whole = await run(settings, { engine, model })
    expect(whole.of('step').map(({ taken }) => taken)).toEqual([false, false, false, true, true, true])
    expect(whole.of('step').map(({ loss_scale }) => loss_scale)).toEqual([65536, 32768, 16384, ...Array(3).fill(8192)])
    expect(whole.log_history.map(({ skipped_steps }) => skipped_steps).slice(0, 4)).toEqual([1, 1, 1, undefined])
    // As in the Trainer, logged means include the finite losses of skipped steps.
    const losses = whole.of('step').map(({ loss }) => loss)
    expect(whole.log_history.slice(0, 6).map(({ loss }) => loss)).toEqual(losses.map((loss) => Number(loss.toFixed(4))))
    expect(whole.log_history.at(-1)).toMatchObject({ train_skipped_steps: 3 })
    expect(whole.log_history.at(-1)!.train_loss).toBeCloseTo(losses.reduce((a, b) => a + b) / 6, 9)

    await run({ ...settings, output_dir }, { engine, model, until: ({ type }: { type: string }) => type === 'save' })
    const resume_from = join(output_dir, 'checkpoint-3')
    expect((await readLoopState(resume_from))!.loss_scale).toEqual({ scale: 8192, growth_tracker: 0 })
    const resumed = await run({ ...settings, output_dir }, { engine, model, resume_from })
    expect(resumed.timeless).toEqual(whole.timeless)
    expect(resumed.weights.equals(whole.weights)).toBe(true)
  })

  test('fails with advice to train longer if the run ends before the loss scale is small enough', async () => {
    await expect(run({ fp16: true, max_steps: 2 }, { engine, model: overflowing() })).rejects.toThrow(
      /all 2 steps were skipped(.|\n)*until the loss scale, now 16384, is small enough\. Train for more steps/,
    )
  })

  test('stops if gradients overflow however small the loss scale is, unless such steps are to be skipped', async () => {
    const model = tinyModel('b1/safetensors', engine)
    model.parameters.view('qa_outputs.weight').fill(1e6)
    const { windows } = recordedDataset(fixture('trainer/train.safetensors'))
    const lengths = { max_seq_length: 24, doc_stride: 4, fp16: true }
    const steps = async (on_nonfinite: 'stop' | 'skip') => {
      const stepper = await Stepper.open(model, parseArguments({ ...lengths, on_nonfinite }, 'test'), 40)
      let count = 0
      try {
        for (; count < 40; count++) expect((await stepper.step(count, [[0, 1]], windows)).taken).toBe(false)
      } catch (error) {
        return (error as Error).message
      } finally {
        await stepper.release()
      }
      return count
    }
    expect(await steps('stop')).toMatch(
      /^training: step 31: the loss is (.|\n)*exceed the range of float16\. Train without/,
    )
    expect(await steps('skip')).toBe(40)
  })
})

/** A copy of the tiny model whose gradients overflow at first. */
function overflowing(): string {
  const folder = temporaryFolder()
  cpSync(fixture('tiny/b1/safetensors'), folder, { recursive: true })
  const path = join(folder, 'model.safetensors')
  const bytes = readFileSync(path)
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString())
  const [from, to] = header['qa_outputs.weight'].data_offsets
  const start = 8 + Number(bytes.readBigUInt64LE())
  for (let at = start + from; at < start + to; at += 4) bytes.writeFloatLE(12 * bytes.readFloatLE(at), at)
  writeFileSync(path, bytes)
  return folder
}
