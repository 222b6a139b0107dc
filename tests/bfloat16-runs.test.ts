/** Complete runs in bfloat16 on oneDNN, and the instruction sets that it needs. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { describeEngine } from './engines.ts'
import { startKillable } from './killable-cli.ts'
import { readJson } from './squad-reference.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { checkpointBytes, tinyTraining } from './tiny-run.ts'

const STEPS = 12

const training = (folder: string) =>
  tinyTraining(folder, { engine: 'onednn', bf16: true, save_steps: 4, resume_from_checkpoint: 'latest' })

const last = (folder: string) => checkpointBytes(join(folder, 'out', `checkpoint-${STEPS}`))

/** Kills a run after its second checkpoint. On a busy machine, the run may have saved the last one by then: tries again. */
async function killedRun(): Promise<string> {
  for (;;) {
    const folder = temporaryFolder()
    const { child, closed } = startKillable(training(folder))
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => /saved.*checkpoint-8/.test(text) && child.kill('SIGKILL'))
    await closed
    if (existsSync(join(folder, 'out', `checkpoint-${STEPS}`))) continue
    expect(child.signalCode).toBe('SIGKILL')
    return folder
  }
}

/** Runs the command line as if the processor had no more than these instructions. */
function runWith(instructions: string, argv: readonly string[]) {
  const env = { ...process.env, ONEDNN_MAX_CPU_ISA: instructions, NO_COLOR: '1' }
  return spawnSync(process.execPath, [inject('cli'), ...argv], { encoding: 'utf8', env })
}

const lossesOf = (folder: string): number[] => {
  const { log_history } = readJson<{ log_history: { loss?: number }[] }>(join(folder, 'out/trainer_state.json'))
  return log_history.flatMap(({ loss }) => loss ?? [])
}

describeEngine('onednn', 'oneDNN in bfloat16', (engine) => {
  test.runIf(engine.precisions.includes('bfloat16'))(
    'a run that is killed with SIGKILL and resumed ends with the bits of one that is not, as does a second one',
    async () => {
      const [whole, second] = [temporaryFolder(), temporaryFolder()]
      for (const folder of [whole, second]) {
        const { child, closed } = startKillable(training(folder))
        await closed
        expect(child.exitCode).toBe(0)
      }
      expect(last(second)).toEqual(last(whole))
      const killed = await killedRun()
      const resumed = startKillable(training(killed))
      await resumed.closed
      expect(resumed.child.exitCode).toBe(0)
      expect(last(killed)).toEqual(last(whole))
    },
    120_000,
  )

  test.runIf(engine.precisions.includes('bfloat16'))(
    'AVX-512 without bfloat16 emulates it with the same losses',
    () => {
      const [own, emulated] = ['DEFAULT', 'AVX512_CORE'].map((set) => {
        const folder = temporaryFolder()
        const { status, stderr } = runWith(set, training(folder))
        expect(status, stderr).toBe(0)
        return lossesOf(folder)
      })
      expect(emulated.length).toBeGreaterThanOrEqual(STEPS)
      expect(emulated).toHaveLength(own.length)
      for (const [i, loss] of own.entries()) expect(Math.abs(emulated[i] - loss)).toBeLessThan(0.01)
    },
    60_000,
  )

  test('AVX2 is refused in bfloat16, and computes in float32', () => {
    const refused = runWith('AVX2', training(temporaryFolder()))
    expect(refused.status).not.toBe(0)
    // The first reason that holds: the processor itself may have AVX2 only.
    expect(refused.stderr).toMatch(
      /oneDNN computes in bfloat16 only on processors with AVX-512|it has neither AVX512_BF16 nor AMX/,
    )
    const float32 = tinyTraining(temporaryFolder(), { engine: 'onednn', max_steps: 2 })
    const { status, stderr } = runWith('AVX2', float32)
    expect(status, stderr).toBe(0)
  }, 60_000)
})
