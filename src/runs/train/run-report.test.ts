import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyTraining } from '../../../tests/tiny-run.ts'
import { packageVersion } from '../../package-root.ts'

// Complete runs, which take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

const INTERVAL = String.raw`[\d.]+( %)? \([\d.]+ to [\d.]+\)`

test('Screen, report and card of a resumed run show intervals, also for evaluations before it was resumed', async () => {
  const folder = temporaryFolder()
  const out = join(folder, 'out')
  const flags = { eval_strategy: 'epoch', save_strategy: 'epoch' }
  expect((await runHere(...tinyTraining(folder, flags))).code).toBe(0)
  const resumed = { ...flags, resume_from_checkpoint: join(out, 'checkpoint-6') }
  const { code, stdout, stderr } = await runHere(...tinyTraining(folder, resumed))
  expect(code, stderr).toBe(0)
  const read = (name: string) => readFileSync(join(out, name), 'utf8').replaceAll('\u00a0', ' ')
  for (const text of [stdout, read('report.md'), read('README.md')]) {
    const evaluations = text.split('\n').filter((line) => line.match(new RegExp(INTERVAL, 'g'))?.length === 2)
    expect(evaluations).toHaveLength(2)
  }
  expect(read('report.html')).toMatch(
    new RegExp(`<dt>Exact match</dt><dd>${INTERVAL}</dd>\n<dt>F1</dt><dd>${INTERVAL}</dd>`),
  )

  const page = read('report.html')
  expect(page).toMatch(/<dt>Date<\/dt><dd>20\d\d-\d\d-\d\d \d\d:\d\d UTC<\/dd>/)
  expect(page).toContain('<code>spanforge train --model')
  expect(page).toContain('--train_file …/train.json')
  expect(page).toContain(`spanforge ${packageVersion()}, Node.js ${process.versions.node}`)
  expect(page).toContain('Example answers')
  expect(page.match(/<td>(right|wrong)<\/td>/g)!.length).toBeGreaterThanOrEqual(3)
  expect(page).toContain('There are only 8 validation questions')
})
