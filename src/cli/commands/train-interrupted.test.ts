import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test, vi } from 'vitest'
import { spanforge } from '../../../tests/cli.ts'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull, thoroughOr } from '../../../tests/thorough.ts'
import { checkpointBytes, type Flags, tinyTraining } from '../../../tests/tiny-run.ts'
import { newestWhole } from '../../training/checkpoints/checkpoint-store.ts'

// Full runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

/**
 * Settings of a run that is too long to finish, so that signals always arrive in time. With a constant learning rate
 * the weights do not depend on the number of planned steps.
 */
const endless = { lr_scheduler_type: 'constant', max_steps: 1_000_000, save_steps: 5, save_total_limit: 2 } as const

/** Sends one of the signals after every `steps` logged steps. */
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

/** Resumes the run for five steps and expects the same bytes as from an uninterrupted run. */
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

describe('an interrupted run', () => {
  test('saves on SIGINT, explains how to resume, exits with 130 and resumes bit for bit', async () => {
    const folder = temporaryFolder()
    const said = await spanforge(tinyTraining(folder, endless), { meanwhile: signalsAfter(3, 'SIGINT') })
    expect(said.code).toBe(130)
    expect(said.stdout).toContain('Finishing the step and saving.')
    const out = join(folder, 'out')
    const [, step, checkpoint] = /Stopped after step (\d+)\. Checkpoint: (.*)\nTo resume, run:/.exec(said.stdout)!
    expect(said.stdout).toContain(`npx spanforge train --output_dir ${out} --resume_from_checkpoint latest`)
    expect(checkpoint).toBe(join(out, `checkpoint-${step}`))
    await expectSameAsUninterrupted(folder, Number(step))
  })

  itInFull('does the same on SIGTERM and exits with 143', async () => {
    const said = await spanforge(tinyTraining(temporaryFolder(), endless), { meanwhile: signalsAfter(3, 'SIGTERM') })
    expect(said.code).toBe(143)
    expect(said.stdout).toMatch(/Stopped after step \d+\. Checkpoint: /)
  })

  test('resumes bit for bit after SIGKILL at several points', async () => {
    const folder = temporaryFolder()
    for (const steps of thoroughOr([2, 7, 11, 6, 9], [7])) {
      const argv = tinyTraining(folder, { ...endless, resume_from_checkpoint: 'latest' })
      const { signal, stderr } = await spanforge(argv, { meanwhile: signalsAfter(steps, 'SIGKILL') })
      expect(signal, stderr).toBe('SIGKILL')
    }
    const { folder: newest } = await newestWhole(join(folder, 'out'))
    await expectSameAsUninterrupted(folder, stepOf(newest!))
  })
})

describe('a second run in the same folder', () => {
  test('is rejected while the first one is active', async () => {
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
