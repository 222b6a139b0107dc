import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { checkpointBytes, tinyTraining } from '../../../tests/tiny-run.ts'

describe('spanforge train --resume_from_checkpoint', () => {
  test('resumes from a named checkpoint and reports the arguments that have changed', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { save_steps: 3, max_steps: 6 }))
    const resume = { resume_from_checkpoint: 'checkpoint-3', max_steps: 6, save_steps: 3 }
    const { code, stdout } = await runHere(...tinyTraining(folder, { ...resume, weight_decay: 0.5 }))
    expect(code).toBe(0)
    expect(stdout).toMatch(/Resuming from .*checkpoint-3 with changed arguments.*: weight_decay 0.5 \(was 0\)/)
  })

  test('keeps the engine chosen by auto without measuring again', async () => {
    const folder = temporaryFolder()
    const args = { engine: 'auto', save_steps: 1, max_steps: 2 }
    expect((await runHere(...tinyTraining(folder, args))).stdout).toMatch(/^Engine: /m)
    const resumed = await runHere(...tinyTraining(folder, { ...args, resume_from_checkpoint: 'checkpoint-1' }))
    expect(resumed.stdout).not.toMatch(/^Engine: /m)
    expect(resumed.stdout).toMatch(/Resuming from .*checkpoint-1\./)
  })

  test('resumes from the newest complete checkpoint with latest, and reports those it skipped', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { save_steps: 3, max_steps: 6 }))
    const whole = checkpointBytes(join(folder, 'out/checkpoint-6'))
    const corrupted = join(folder, 'out/checkpoint-6/optimizer.safetensors')
    const bytes = readFileSync(corrupted)
    bytes[bytes.length - 5] ^= 1
    writeFileSync(corrupted, bytes)
    const argv = ['train', '--output_dir', join(folder, 'out'), '--resume_from_checkpoint', 'latest']
    const { code, stdout } = await runHere(...argv)
    expect(code).toBe(0)
    expect(stdout).toMatch(/Skipped .*checkpoint-6: optimizer\.safetensors is corrupted/)
    expect(stdout).toMatch(/Resuming from .*checkpoint-3\./)
    expect(checkpointBytes(join(folder, 'out/checkpoint-6'))).toEqual(whole)
  })

  test('starts from the beginning if latest finds no checkpoint', async () => {
    const folder = temporaryFolder()
    const { code, stdout } = await runHere(...tinyTraining(folder, { max_steps: 1, resume_from_checkpoint: 'latest' }))
    expect(code).toBe(0)
    expect(stdout).toContain('starting from the beginning')
  })

  test('reports a missing checkpoint or run before loading anything', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { max_steps: 1 }))
    const resume = (output_dir: string, name: string) =>
      runHere('train', '--output_dir', join(folder, output_dir), '--resume_from_checkpoint', name)
    const named = await resume('out', 'lastest')
    expect(named.code).toBe(2)
    expect(named.stderr).toMatch(/lastest does not exist\n {2}Use latest or .*: checkpoint-1\.$/m)
    expect(named.stdout).toBe('')
    const nowhere = await resume('uot', 'latest')
    expect(nowhere.code).toBe(2)
    expect(nowhere.stderr).toMatch(/no run to resume in .*uot: it does not exist\n {2}Set --output_dir/)
    expect(existsSync(join(folder, 'uot'))).toBe(false)
  })

  test('rejects a checkpoint outside output_dir', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { max_steps: 1 }))
    const elsewhere = {
      output_dir: join(folder, 'elsewhere'),
      resume_from_checkpoint: join(folder, 'out/checkpoint-1'),
    }
    const { code, stderr } = await runHere(...tinyTraining(folder, elsewhere))
    expect(code).toBe(2)
    expect(stderr).toContain('is not in output_dir')
  })
})
