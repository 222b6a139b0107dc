import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRecorded } from '../../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import { tinyFolder } from '../../../tests/tiny-squad.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'

const DECAY = 0.8
const NAME = 'bert.encoder.layer.1.output.dense.weight'
const saving = { save_steps: 1, max_steps: 6, num_train_epochs: 2 } as const

/** A tensor of a file in a folder, in float64. */
const tensor = (folder: string, name = NAME, file = 'model.safetensors') =>
  Float64Array.from(readRecorded(join(folder, file))[name].data as Float32Array)

const distance = (a: Float64Array, b: Float64Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i])))

async function run(more: TrainingArgumentsInput = {}) {
  const output_dir = temporaryFolder()
  return { output_dir, ...(await trainTiny({ ...saving, ...more, output_dir })) }
}

test('checkpoints have the average of the weights of the same run without it, and the weights to resume from', async () => {
  const [plain, averaged] = [await run(), await run({ ema_decay: DECAY })]
  const average = tensor(tinyFolder)
  for (let step = 1; step <= 6; step++) {
    const [raw, saved] = [plain, averaged].map(({ output_dir }) => join(output_dir, `checkpoint-${step}`))
    const weights = tensor(raw)
    const decay = Math.min(DECAY, (1 + step) / (10 + step))
    for (let i = 0; i < average.length; i++) average[i] = decay * average[i] + (1 - decay) * weights[i]
    expect(distance(tensor(saved), average), `step ${step}`).toBeLessThan(1e-7)
    expect(distance(tensor(saved, `weights.${NAME}`, 'optimizer.safetensors'), weights)).toBe(0)
  }
  const losses = ({ of }: typeof plain) => of('step').map(({ loss }) => loss)
  expect(losses(averaged)).toEqual(losses(plain))
  // The model that the run leaves is the average too.
  expect(averaged.weights.equals(plain.weights)).toBe(false)
  const { data } = readRecorded(join(averaged.output_dir, 'checkpoint-6/model.safetensors'))['qa_outputs.weight']
  expect(averaged.weights.includes(Buffer.from((data as Float32Array).slice().buffer))).toBe(true)
})

test('evaluations are those of the average, and the best of them is the final model', async () => {
  const evaluating = { ema_decay: DECAY, eval_strategy: 'steps', eval_steps: 1, load_best_model_at_end: true } as const
  const { output_dir, of, weights } = await run(evaluating)
  const { entry, folder } = { entry: of('evaluate')[2].entry, folder: join(output_dir, 'checkpoint-3') }
  const again = await trainTiny(
    { max_steps: 1, eval_on_start: true, save_strategy: 'no', output_dir: temporaryFolder() },
    { model: folder, until: ({ type }) => type === 'evaluate' },
  )
  expect(again.of('evaluate')[0].entry.eval_loss).toBe(entry.eval_loss)
  const [best] = of('best loaded')
  const { data } = readRecorded(join(best.folder, 'model.safetensors'))[NAME]
  expect(weights.includes(Buffer.from((data as Float32Array).slice().buffer))).toBe(true)
})

test('a resumed run is bit-identical, with evaluations, frozen embeddings and skipped evaluations in between', async () => {
  const more = { ema_decay: DECAY, eval_strategy: 'steps', eval_steps: 2, freeze_embeddings: true } as const
  const whole = await run(more)
  const output_dir = temporaryFolder()
  await trainTiny({ ...saving, ...more, output_dir }, { until: (e) => e.type === 'save' && e.folder.endsWith('-3') })
  const resume_from = join(output_dir, 'checkpoint-3')
  const resumed = await trainTiny({ ...saving, ...more, output_dir }, { resume_from })
  expect(resumed.weights.equals(whole.weights)).toBe(true)
  expect(resumed.timeless).toEqual(whole.timeless)
  for (const file of ['model.safetensors', 'optimizer.safetensors']) {
    const [a, b] = [whole.output_dir, output_dir].map((folder) => readFileSync(join(folder, 'checkpoint-6', file)))
    expect(a.equals(b), file).toBe(true)
  }
})

test('a run resumes neither with an average that it did not have nor without the one that it had', async () => {
  for (const [before, after, text] of [
    [null, DECAY, 'the run began without ema_decay and cannot be resumed with it'],
    [DECAY, null, 'the run began with ema_decay and cannot be resumed without it'],
  ] as const) {
    const output_dir = temporaryFolder()
    await trainTiny({ ...saving, ema_decay: before, output_dir }, { until: ({ type }) => type === 'save' })
    const resume_from = join(output_dir, 'checkpoint-1')
    await expect(trainTiny({ ...saving, ema_decay: after, output_dir }, { resume_from })).rejects.toThrow(text)
  }
})

test('measuring steps for max_minutes does not change the average', async () => {
  const measured = await run({ ema_decay: DECAY, max_steps: -1, max_minutes: 60, num_train_epochs: 1 })
  const plain = await run({ ema_decay: DECAY, max_steps: -1, num_train_epochs: 1 })
  expect(measured.weights.equals(plain.weights)).toBe(true)
})
