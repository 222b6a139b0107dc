import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readRecorded } from '../../../tests/read-safetensors.ts'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { type Flags, tinyTraining } from '../../../tests/tiny-run.ts'
import { readJsonFile } from '../../files/text-file.ts'

// Complete runs, which take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

/** Step 1 has a learning rate of 0; step 2 makes the weights as large as the learning rate. */
const diverging: Flags = { learning_rate: 1e30, warmup_steps: 1, save_steps: 1, max_steps: 4 }

test('a failed run exits with 1 and keeps its last good checkpoint and the reason, but no final results', async () => {
  const folder = temporaryFolder()
  const out = join(folder, 'out')
  const { code, stderr } = await runHere(...tinyTraining(folder, { ...diverging, eval_strategy: 'epoch' }))
  expect(code).toBe(1)
  expect(stderr).toContain("after step 2: the model's loss on a training window is NaN")
  expect(stderr).toContain(`The last good checkpoint is ${join(out, 'checkpoint-1')}.`)
  const names = readdirSync(out).sort()
  expect(names).toEqual(['checkpoint-1', 'failure.json', 'log.jsonl', 'report.html', 'runs', 'training_args.json'])
  for (const { data } of Object.values(readRecorded(join(out, 'checkpoint-1/model.safetensors'))))
    expect(data.every(Number.isFinite)).toBe(true)
  expect(await readJsonFile(join(out, 'failure.json'))).toMatchObject({
    error: expect.stringContaining('after step 2'),
  })

  const page = () => readFileSync(join(out, 'report.html'), 'utf8')
  expect(page()).toContain('training failed')
  expect(page()).toContain('after step 2')
  expect(page()).toContain('The last good checkpoint is')
  expect(page()).toContain('<dt>Command</dt><dd><code>spanforge train --model')

  // Resumed with a reasonable learning rate, the run succeeds.
  const resumed = { ...diverging, resume_from_checkpoint: 'latest', learning_rate: 1e-4 }
  const again = await runHere(...tinyTraining(folder, resumed))
  expect(again.code, again.stderr).toBe(0)
  expect(existsSync(join(out, 'failure.json'))).toBe(false)
  expect(page()).not.toContain('training failed')

  // Resumed with a bad one, it fails, and the report of its earlier success is removed.
  const further = { ...resumed, learning_rate: 1e30, max_steps: 8 }
  expect((await runHere(...tinyTraining(folder, further))).code).toBe(1)
  expect(page()).toContain('training failed')
  expect(
    readdirSync(out)
      .filter((name) => /^(report|learning_curve)|failure/.test(name))
      .sort(),
  ).toEqual(['failure.json', 'report.html'])
})

test('a sweep ranks a failed run last and resumes a run that failed after it had finished', async () => {
  const folder = temporaryFolder()
  const argv = ['sweep', ...tinyTraining(folder, { max_steps: 2 }).slice(1), '--json']
  const { code, stdout, stderr } = await runHere(...argv, '--grid', 'learning_rate=1e30,1e-4')
  expect(code, stderr).toBe(0)
  const { trials } = JSON.parse(stdout)
  expect(trials.map(({ status }: { status: string }) => status)).toEqual(['finished', 'failed'])
  expect(trials[1].error).toMatch(/the loss is NaN|loss on a training window is NaN/)

  // A run that finished, was resumed and then failed does not count as finished: the sweep resumes it.
  const failure = join(folder, 'out/learning_rate=1e-4/failure.json')
  writeFileSync(failure, '{"error": "the disk was full"}')
  expect((await runHere(...argv, '--grid', 'learning_rate=1e-4')).code).toBe(0)
  expect(existsSync(failure)).toBe(false)
})
