import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test, vi } from 'vitest'
import { spanforge } from '../../tests/cli.ts'
import { runHere } from '../../tests/run-here.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { thoroughOr } from '../../tests/thorough.ts'
import { checkpointBytes, type Flags, tinyTraining } from '../../tests/tiny-run.ts'
import { newestWhole } from '../training/checkpoints/checkpoint-store.ts'

// Whole runs: seconds on a machine at rest, minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

/**
 * A run that no test lives to see the end of, so that a signal always comes in time. At a constant learning rate its
 * weights do not depend on how many steps were planned.
 */
const endless = { lr_scheduler_type: 'constant', max_steps: 1_000_000, save_steps: 5, save_total_limit: 2 } as const

/** Sends the signals one after the other, each when the run has logged another `steps` steps. */
const signalsAfter =
  (steps: number, ...signals: NodeJS.Signals[]) =>
  (child: ChildProcess): void => {
    let seen = 0
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (line.startsWith('step ') && ++seen % steps === 0) child.kill(signals.shift())
    })
  }

const resume = (folder: string, more: Flags) =>
  runHere(...tinyTraining(folder, { ...endless, resume_from_checkpoint: 'latest', ...more }))

/** Ends the run of `folder` five steps on, and one that was never interrupted at that step: the same bytes. */
async function expectSameAsUninterrupted(folder: string, step: number): Promise<void> {
  const checkpoint = `out/checkpoint-${step + 5}`
  const max_steps = step + 5
  expect((await resume(folder, { max_steps })).code).toBe(0)
  const whole = temporaryFolder()
  expect((await runHere(...tinyTraining(whole, { ...endless, max_steps }))).code).toBe(0)
  expect(checkpointBytes(join(folder, checkpoint))).toEqual(checkpointBytes(join(whole, checkpoint)))
  const history = (of: string) =>
    JSON.parse(readFileSync(join(of, checkpoint, 'trainer_state.json'), 'utf8')).log_history
  expect(history(folder)).toEqual(history(whole))
}

const stepOf = (folder: string) => Number(/\d+$/.exec(folder)![0])

describe('A run that is interrupted', () => {
  test('by SIGINT finishes its step, saves, says how to go on, exits with 130, and goes on to the same bits', async () => {
    const folder = temporaryFolder()
    const said = await spanforge(tinyTraining(folder, endless), { meanwhile: signalsAfter(3, 'SIGINT') })
    expect(said.code).toBe(130)
    expect(said.stdout).toContain('Finishing the step and saving.')
    const out = join(folder, 'out')
    const [, step, checkpoint] = /Stopped after step (\d+); everything is in (.*)\. Go on with:/.exec(said.stdout)!
    expect(said.stdout).toContain(`npx spanforge train --output_dir ${out} --resume_from_checkpoint latest`)
    expect(checkpoint).toBe(join(out, `checkpoint-${step}`))
    await expectSameAsUninterrupted(folder, Number(step))
  })

  test('by SIGTERM does the same, and exits with 143', async () => {
    const said = await spanforge(tinyTraining(temporaryFolder(), endless), { meanwhile: signalsAfter(3, 'SIGTERM') })
    expect(said.code).toBe(143)
    expect(said.stdout).toMatch(/Stopped after step \d+; everything is in/)
  })

  test('by SIGKILL at several instants goes on each time, to the same bits', async () => {
    const folder = temporaryFolder()
    for (const steps of thoroughOr([2, 7, 11, 6, 9], [2, 7, 6])) {
      const argv = tinyTraining(folder, { ...endless, resume_from_checkpoint: 'latest' })
      const { signal, stderr } = await spanforge(argv, { meanwhile: signalsAfter(steps, 'SIGKILL') })
      expect(signal, stderr).toBe('SIGKILL')
    }
    const { folder: newest } = await newestWhole(join(folder, 'out'))
    await expectSameAsUninterrupted(folder, stepOf(newest!))
  })
})

describe('A second run in the same folder', () => {
  test('is refused while the first one lives', async () => {
    const folder = temporaryFolder()
    let second: ReturnType<typeof resume> | undefined
    await spanforge(tinyTraining(folder, endless), {
      meanwhile: (child) =>
        createInterface({ input: child.stderr! }).on('line', async (line) => {
          if (second || !line.startsWith('step ')) return
          second = resume(folder, {})
          await second
          child.kill('SIGKILL')
        }),
    })
    const { code, stderr } = await second!
    expect(code).toBe(1)
    expect(stderr).toMatch(/out: in use by another run \(process \d+ on .*, since/)
  })
})
