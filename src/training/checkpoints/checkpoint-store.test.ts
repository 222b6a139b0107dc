import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { killAndWait, startScript } from '../../../tests/script.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { thoroughOr } from '../../../tests/thorough.ts'
import { random } from '../../random/random.ts'
import { verifyCheckpoint } from './checkpoint-manifest.ts'
import {
  type CheckpointWriter,
  listCheckpoints,
  newestWhole,
  recoverCheckpoints,
  removeCheckpoints,
  rotateCheckpoints,
  writeCheckpoint,
} from './checkpoint-store.ts'

const file = (name: string, content: string): CheckpointWriter => ({
  name,
  write: (path) => writeFileSync(path, content),
})

const save = (output_dir: string, step: number, content = `step ${step}`): Promise<string> =>
  writeCheckpoint(output_dir, step, [file('model.safetensors', content), file('empty.json', '')])

const steps = async (output_dir: string): Promise<number[]> =>
  (await listCheckpoints(output_dir)).map(({ step }) => step)

describe('writing a checkpoint', () => {
  it('creates only a complete folder', async () => {
    const output_dir = join(temporaryFolder(), 'new', 'run')
    const folder = await save(output_dir, 12)
    expect(readdirSync(output_dir)).toEqual(['checkpoint-12'])
    expect(readdirSync(folder).sort()).toEqual(['empty.json', 'manifest.json', 'model.safetensors'])
    expect(await verifyCheckpoint(folder)).toBeNull()
    expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')).files['empty.json']).toEqual({
      size: 0,
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    })
  })

  it('replaces a corrupted checkpoint of the same step', async () => {
    const output_dir = temporaryFolder()
    truncateSync(join(await save(output_dir, 3, 'old'), 'model.safetensors'), 1)
    const folder = await save(output_dir, 3, 'new')
    expect(readFileSync(join(folder, 'model.safetensors'), 'utf8')).toBe('new')
    expect(readdirSync(output_dir)).toEqual(['checkpoint-3'])
  })

  it('keeps the last checkpoint and leaves no files if the disk is full', async () => {
    const output_dir = temporaryFolder()
    await save(output_dir, 1)
    const full = {
      name: 'b.bin',
      write: () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })),
    }
    const failed = writeCheckpoint(output_dir, 2, [file('a.bin', 'a'), full])
    await expect(failed).rejects.toThrow(/checkpoint-2: cannot be written.*\n.*The disk is full/)
    expect(readdirSync(output_dir)).toEqual(['checkpoint-1'])
    expect((await newestWhole(output_dir)).folder).toBe(join(output_dir, 'checkpoint-1'))
  })

  it('reports that the output path is a file', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, '')
    await expect(save(path, 1)).rejects.toThrow(/cannot be written/)
  })

  it('rejects names outside the folder', async () => {
    const output_dir = temporaryFolder()
    await expect(writeCheckpoint(output_dir, 1, [file('../a.bin', 'a')])).rejects.toThrow(
      '"../a.bin" is not a plain file name',
    )
    expect(readdirSync(output_dir)).toEqual([])
  })
})

describe('the newest complete checkpoint', () => {
  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a corrupted byte',
      (folder) => writeFileSync(join(folder, 'model.safetensors'), 'step 8'),
      /model.safetensors is corrupted/,
    ],
    ['a file cut short', (folder) => truncateSync(join(folder, 'model.safetensors'), 3), /has 3 bytes instead of 6/],
    ['a file missing', (folder) => rmSync(join(folder, 'empty.json')), /empty.json is missing/],
    ['no manifest', (folder) => rmSync(join(folder, 'manifest.json')), /manifest.json is missing/],
    ['half a manifest', (folder) => truncateSync(join(folder, 'manifest.json'), 20), /manifest.json is corrupted/],
    [
      'a manifest with a path outside the folder',
      (folder) => {
        const entry = { size: 1, sha256: '0'.repeat(64) }
        writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ step: 9, files: { '../../secret': entry } }))
      },
      /manifest.json is corrupted.*secret: Invalid key in record/s,
    ],
  ])('skips a checkpoint with %s and reports why', async (_, damage, reason) => {
    const output_dir = temporaryFolder()
    await save(output_dir, 8)
    await save(output_dir, 10)
    const newest = await save(output_dir, 9)
    damage(newest)
    damage(join(output_dir, 'checkpoint-10'))
    const { folder, skipped } = await newestWhole(output_dir)
    expect(folder).toBe(join(output_dir, 'checkpoint-8'))
    expect(skipped.map((one) => one.folder)).toEqual([join(output_dir, 'checkpoint-10'), newest])
    expect(skipped[1].reason).toMatch(reason)
  })

  it('is undefined for an empty or missing folder', async () => {
    const output_dir = temporaryFolder()
    mkdirSync(join(output_dir, 'checkpoint-best'))
    expect(await newestWhole(output_dir)).toEqual({ folder: undefined, skipped: [] })
    expect(await newestWhole(join(output_dir, 'nowhere'))).toEqual({ folder: undefined, skipped: [] })
  })
})

describe('limiting the number of checkpoints', () => {
  // The checkpoints 1 to 5 that transformers 4.57.6 keeps for each limit and best step.
  it.each<[number | null, number | null, number[]]>([
    [null, 2, [1, 2, 3, 4, 5]],
    [9, 2, [1, 2, 3, 4, 5]],
    [3, null, [3, 4, 5]],
    [3, 2, [2, 4, 5]],
    [3, 5, [3, 4, 5]],
    [2, 1, [1, 5]],
    [1, 2, [2, 5]],
    [1, 5, [5]],
    [1, null, [5]],
  ])('limit %s with best %s keeps %j', async (save_total_limit, best, kept) => {
    const output_dir = temporaryFolder()
    for (let step = 1; step <= 5; step++) await save(output_dir, step)
    const removed = await rotateCheckpoints(output_dir, { save_total_limit, newest: 5, best })
    expect(readdirSync(output_dir).sort()).toEqual(kept.map((step) => `checkpoint-${step}`))
    expect([...kept, ...removed].sort()).toEqual([1, 2, 3, 4, 5])
  })

  it('first removes later checkpoints after resuming from an earlier step', async () => {
    const output_dir = temporaryFolder()
    for (const step of [10, 20, 25, 30, 40]) await save(output_dir, step)
    await rotateCheckpoints(output_dir, { save_total_limit: 2, newest: 25, best: null })
    expect(await steps(output_dir)).toEqual([20, 25])
  })

  it('removes all checkpoints when starting over', async () => {
    const output_dir = temporaryFolder()
    for (const step of [1, 2]) await save(output_dir, step)
    writeFileSync(join(output_dir, 'notes.txt'), 'mine')
    await removeCheckpoints(output_dir)
    expect(readdirSync(output_dir)).toEqual(['notes.txt'])
  })
})

describe('after a process was killed', () => {
  it('at a random time, its last checkpoint or a newer one is complete', async () => {
    const output_dir = temporaryFolder()
    const { uniform } = random(42, 'kill')
    let saved = 0
    for (let round = 0; round < thoroughOr(6, 3); round++) {
      const script = startScript('save-forever', output_dir)
      for await (const line of createInterface(script.stdout)) {
        const [what, step] = [line.split(' ')[0], Number(line.split(' ')[1])]
        if (what === 'resumed') expect(step).toBeGreaterThanOrEqual(saved)
        saved = step
        if (what === 'saved') break
      }
      await sleep(uniform() * 60)
      await killAndWait(script)
      await recoverCheckpoints(output_dir)
      const { folder, skipped } = await newestWhole(output_dir)
      const newest = Number(folder?.match(/\d+$/))
      expect(skipped).toEqual([])
      expect(newest).toBeGreaterThanOrEqual(saved)
      expect(readFileSync(join(folder!, 'b.bin'), 'utf8')).toBe(`${newest} `.repeat(20_000))
      expect(readdirSync(output_dir).filter((name) => name.startsWith('.checkpoint'))).toEqual([])
    }
  })

  it('after writing a checkpoint but before renaming it, the checkpoint is renamed', async () => {
    const output_dir = temporaryFolder()
    const folder = await save(output_dir, 5)
    renameSync(folder, join(output_dir, '.checkpoint-5.77.partial'))
    mkdirSync(join(output_dir, '.checkpoint-6.77.partial'))
    mkdirSync(join(output_dir, '.checkpoint-4.77.removed'))
    mkdirSync(join(output_dir, '.checkpoint-5.77.replaced'))
    await recoverCheckpoints(output_dir)
    expect(readdirSync(output_dir)).toEqual(['checkpoint-5'])
    expect(existsSync(join(folder, 'model.safetensors'))).toBe(true)
  })
})
