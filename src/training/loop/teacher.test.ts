import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { type LoopChoice, trainTiny } from '../../../tests/tiny-loop.ts'
import { recordedDataset, tinyModel } from '../../../tests/tiny-model.ts'
import type { TrainingEvent } from './events.ts'
import { openTeacherLogits } from './teacher-logits.ts'

const { windows } = recordedDataset(fixture('trainer/train.safetensors'))
const logitsIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('.teacher-logits'))
const teaches = ({ type, ...event }: TrainingEvent) => type === 'progress' && 'of' in event && event.of === 'teaching'

const run = (output_dir: string, choice: LoopChoice = {}, teacher = tinyModel('b4/relu')) =>
  trainTiny({ output_dir, save_steps: 4, eval_strategy: 'epoch', max_tokens_per_pass: 64 }, { teacher, ...choice })

/** A run that was stopped after its first checkpoint. */
async function stopped() {
  const output_dir = temporaryFolder()
  await run(output_dir, { until: ({ type }) => type === 'save' })
  return { output_dir, file: join(output_dir, '.teacher-logits.bin'), resume_from: join(output_dir, 'checkpoint-4') }
}

test('the logits of a teacher are announced, computed once and deleted at the end', async () => {
  const output_dir = temporaryFolder()
  const { events, of } = await run(output_dir)
  const progress = events.filter(teaches)
  expect(progress.length).toBeGreaterThan(5)
  expect(progress.at(-1)).toMatchObject({ done: windows.length, total: windows.length })
  expect(events.findLastIndex(teaches)).toBeLessThan(events.findIndex(({ type }) => type === 'start'))
  expect(logitsIn(output_dir)).toEqual([])
  const untaught = await trainTiny({ output_dir: temporaryFolder(), max_tokens_per_pass: 64 })
  expect(of('step')[0].loss).not.toBe(untaught.of('step')[0].loss)
})

test('a resumed run reuses them and has the same bits', async () => {
  const whole = await run(temporaryFolder())
  const { output_dir, file, resume_from } = await stopped()
  const { mtimeMs } = statSync(file)
  const resumed = await run(output_dir, {
    resume_from,
    onEvent: async ({ type }) => {
      if (type === 'step') expect(statSync(file).mtimeMs).toBe(mtimeMs)
    },
  })
  expect(resumed.events.filter(teaches)).toEqual([])
  expect(resumed.timeless).toEqual(whole.timeless)
  expect(resumed.weights.equals(whole.weights)).toBe(true)
  expect(logitsIn(output_dir)).toEqual([])
  const again = await run(output_dir, { resume_from: join(output_dir, 'checkpoint-12') })
  expect(again.events.filter(teaches)).toEqual([])
})

test.each<[string, (file: string) => void]>([
  ['truncated', (file) => truncateSync(file, statSync(file).size - 4)],
  ['of another teacher', (file) => writeFileSync(file, readFileSync(file).fill(1, 0, 32))],
])('a file that is %s is computed again', async (_, spoil) => {
  const whole = await run(temporaryFolder())
  const { output_dir, file, resume_from } = await stopped()
  spoil(file)
  const resumed = await run(output_dir, { resume_from })
  expect(resumed.events.filter(teaches).length).toBeGreaterThan(0)
  expect(resumed.weights.equals(whole.weights)).toBe(true)
})

test('they are stored whole or not at all', async () => {
  const output_dir = temporaryFolder()
  const seen: string[][] = []
  const onEvent = async (event: TrainingEvent) => void (teaches(event) && seen.push(logitsIn(output_dir)))
  const failing = tinyModel('b4/relu')
  const forward = failing.forward.bind(failing)
  failing.forward = async (rows) => {
    const { logits } = await forward(rows)
    if (seen.length === 2) logits[0].end_logits[1] = Number.NaN
    return { logits }
  }
  await expect(run(output_dir, { onEvent }, failing)).rejects.toThrow('teacher: its logits on')
  expect(seen.flat().every((name) => name.endsWith('.tmp'))).toBe(true)
  expect(seen.flat().length).toBeGreaterThan(0)
  expect(logitsIn(output_dir)).toEqual([])
})

test('a run that is stopped meanwhile ends at once', async () => {
  const output_dir = temporaryFolder()
  const stopping = new AbortController()
  let passes = 0
  const onEvent = async (event: TrainingEvent) => void (teaches(event) && ++passes === 2 && stopping.abort())
  await expect(run(output_dir, { control: { signal: stopping.signal }, onEvent })).rejects.toThrow('aborted')
  expect(passes).toBeLessThan(5)
  expect(logitsIn(output_dir)).toEqual([])
})

test('a teacher with token types has those of BERT if the model that learns has none', async () => {
  const options = { output_dir: temporaryFolder(), max_tokens_per_pass: 64 }
  const logitsFor = async (student: string, of: typeof windows) => {
    const file = await openTeacherLogits(tinyModel('b4/relu'), tinyModel(student), of, options)
    const read = await Promise.all(of.map((_, i) => file.read(i)))
    await file.close()
    return read
  }
  const untyped = windows.map((window) => ({ ...window, token_types: new Uint8Array(window.input_ids.length) }))
  const expected = await logitsFor('b1/safetensors', windows)
  expect(await logitsFor('distilbert/model', untyped)).toEqual(expected)
  expect(await logitsFor('b1/safetensors', untyped)).not.toEqual(expected)
  expect(logitsIn(options.output_dir)).toEqual([])
})

test('a weight without a teacher is rejected', async () => {
  const training = trainTiny({ output_dir: temporaryFolder(), teacher_weight: 0.5 })
  await expect(training).rejects.toThrow('train: teacher_weight requires a teacher')
})
