import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { random } from '../src/random/random.ts'
import { startKillable } from './killable-cli.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thoroughOr } from './thorough.ts'
import { checkpointBytes, tinyTraining } from './tiny-run.ts'

/**
 * Alternates between killing from outside at a random time and killing itself before a file operation during a save.
 */
const KILLS = thoroughOr(30, 3)
const STEPS = 18

/** Dropout as in the model's config; two batches per step; saves and evaluates every second step, logs every third. */
const settings = {
  per_device_train_batch_size: 2,
  gradient_accumulation_steps: 2,
  num_train_epochs: 3,
  logging_steps: 3,
  eval_strategy: 'steps',
  eval_steps: 2,
  save_steps: 2,
  save_total_limit: 2,
  load_best_model_at_end: true,
  resume_from_checkpoint: 'latest',
} as const

/** Starts a run and collects its output lines. */
function start(argv: readonly string[], kill_at?: number) {
  const { child, closed } = startKillable(argv, kill_at)
  const lines: string[] = []
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      wake()
    })
  return {
    child,
    closed,
    said: () => lines.join('\n'),
    /** Resolves after the given number of steps, evaluations and checkpoints, or when the run ends. */
    async reports(count: number): Promise<void> {
      const reached = new Promise<void>((resolve) => {
        wake = () => {
          if (lines.filter((line) => /^(step|saved|Evaluating)/.test(line)).length >= count) resolve()
        }
        wake()
      })
      await Promise.race([reached, closed])
    },
  }
}

async function finish(argv: readonly string[]): Promise<void> {
  const { child, closed, said } = start(argv)
  await closed
  expect(child.exitCode, said()).toBe(0)
}

/** All results of a run except times: weights, moments and history. */
function outcome(folder: string) {
  const out = join(folder, 'out')
  const { log_history, best_metric, best_global_step } = JSON.parse(
    readFileSync(join(out, 'trainer_state.json'), 'utf8'),
  )
  const timeless = (entry: object) => Object.entries(entry).filter(([name]) => !/_runtime$|_per_second$/.test(name))
  return {
    weights: readFileSync(join(out, 'model.safetensors')),
    last: checkpointBytes(join(out, `checkpoint-${STEPS}`)),
    checkpoints: readdirSync(out).filter((name) => name.includes('checkpoint')),
    hidden: readdirSync(out).filter((name) => name.startsWith('.')),
    history: log_history.map(timeless),
    best: { best_metric, best_global_step },
  }
}

test(`A run killed ${KILLS} times at random times and resumed is byte-identical to an uninterrupted run`, async () => {
  const undisturbed = temporaryFolder()
  await finish(tinyTraining(undisturbed, settings))
  const expected = outcome(undisturbed)
  expect(expected.history).toHaveLength(STEPS / 3 + STEPS / 2 + 1)

  const { below, uniform } = random(42, 'kills')
  let kills = 0
  let savesCutShort = 0
  // Until a save was cut short, too: a busy machine changes which runs end before they are killed.
  const isEnough = () => kills >= KILLS && savesCutShort > 0
  while (!isEnough()) {
    const folder = temporaryFolder()
    const argv = tinyTraining(folder, settings)
    for (let ended = false; !ended && !isEnough(); ) {
      const { child, closed, reports, said } = start(argv, kills % 2 ? below(250) : undefined)
      if (kills % 2 === 0) {
        await reports(1 + below(6))
        await sleep(uniform() * 40)
        child.kill('SIGKILL')
      }
      await closed
      ended = child.exitCode !== null
      if (ended) {
        expect(child.exitCode, said()).toBe(0)
        continue
      }
      kills++
      const out = join(folder, 'out')
      savesCutShort += Number(existsSync(out) && readdirSync(out).some((name) => name.endsWith('.partial')))
    }
    await finish(argv)
    expect(outcome(folder)).toEqual(expected)
  }
}, 900_000)
