import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runHere } from '../../tests/run-here.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { checkpointBytes, tinyTraining } from '../../tests/tiny-run.ts'

describe('spanforge train --resume_from_checkpoint', () => {
  test('resumes from a named checkpoint, and says which arguments differ from the run it goes on with', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { save_steps: 3, max_steps: 6 }))
    const resume = { resume_from_checkpoint: 'checkpoint-3', max_steps: 6, save_steps: 3 }
    const { code, stdout } = await runHere(...tinyTraining(folder, { ...resume, weight_decay: 0.5 }))
    expect(code).toBe(0)
    expect(stdout).toMatch(/Going on from .*checkpoint-3, but not as the run began.*: weight_decay 0.5 \(was 0\)/)
  })

  test('keeps the engine that auto chose, without measuring again', async () => {
    const folder = temporaryFolder()
    const args = { engine: 'auto', save_steps: 1, max_steps: 2 }
    expect((await runHere(...tinyTraining(folder, args))).stdout).toMatch(/^Engine: /m)
    const resumed = await runHere(...tinyTraining(folder, { ...args, resume_from_checkpoint: 'checkpoint-1' }))
    expect(resumed.stdout).not.toMatch(/^Engine: /m)
    expect(resumed.stdout).toMatch(/Going on from .*checkpoint-1\./)
  })

  test('takes the newest whole checkpoint for latest, and says what it skipped and why', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { save_steps: 3, max_steps: 6 }))
    const whole = checkpointBytes(join(folder, 'out/checkpoint-6'))
    const damaged = join(folder, 'out/checkpoint-6/optimizer.safetensors')
    const bytes = readFileSync(damaged)
    bytes[bytes.length - 5] ^= 1
    writeFileSync(damaged, bytes)
    const argv = ['train', '--output_dir', join(folder, 'out'), '--resume_from_checkpoint', 'latest']
    const { code, stdout } = await runHere(...argv)
    expect(code).toBe(0)
    expect(stdout).toMatch(/Skipped .*checkpoint-6: optimizer\.safetensors is corrupted/)
    expect(stdout).toMatch(/Going on from .*checkpoint-3\./)
    expect(checkpointBytes(join(folder, 'out/checkpoint-6'))).toEqual(whole)
  })

  test('starts from the beginning where latest finds no checkpoint yet', async () => {
    const folder = temporaryFolder()
    const { code, stdout } = await runHere(...tinyTraining(folder, { max_steps: 1, resume_from_checkpoint: 'latest' }))
    expect(code).toBe(0)
    expect(stdout).toContain('starting from the beginning')
  })

  test('says before it loads anything that there is no such checkpoint, or no run', async () => {
    const folder = temporaryFolder()
    await runHere(...tinyTraining(folder, { max_steps: 1 }))
    const resume = (output_dir: string, name: string) =>
      runHere('train', '--output_dir', join(folder, output_dir), '--resume_from_checkpoint', name)
    const named = await resume('out', 'lastest')
    expect(named.code).toBe(2)
    expect(named.stderr).toMatch(/lastest does not exist\n {2}Give latest, .* has checkpoint-1\.$/m)
    expect(named.stdout).toBe('')
    const nowhere = await resume('uot', 'latest')
    expect(nowhere.code).toBe(2)
    expect(nowhere.stderr).toMatch(/uot holds no run to go on with: it does not exist\n {2}Give --output_dir/)
    expect(existsSync(join(folder, 'uot'))).toBe(false)
  })

  test('goes on only where the checkpoint lies', async () => {
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
