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
  it('leaves a whole folder and nothing else', async () => {
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

  it('replaces a damaged checkpoint of the same step', async () => {
    const output_dir = temporaryFolder()
    truncateSync(join(await save(output_dir, 3, 'old'), 'model.safetensors'), 1)
    const folder = await save(output_dir, 3, 'new')
    expect(readFileSync(join(folder, 'model.safetensors'), 'utf8')).toBe('new')
    expect(readdirSync(output_dir)).toEqual(['checkpoint-3'])
  })

  it('that fills the disk leaves the last one intact and nothing of its own', async () => {
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

  it('into a path that is a file says so', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, '')
    await expect(save(path, 1)).rejects.toThrow(/cannot be written/)
  })

  it('refuses names that lead out of the folder', async () => {
    const output_dir = temporaryFolder()
    await expect(writeCheckpoint(output_dir, 1, [file('../a.bin', 'a')])).rejects.toThrow(
      '"../a.bin" is not a plain file name',
    )
    expect(readdirSync(output_dir)).toEqual([])
  })
})

describe('the newest whole checkpoint', () => {
  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'one byte damaged',
      (folder) => writeFileSync(join(folder, 'model.safetensors'), 'step 8'),
      /model.safetensors is damaged/,
    ],
    ['a file cut short', (folder) => truncateSync(join(folder, 'model.safetensors'), 3), /has 3 bytes instead of 6/],
    ['a file missing', (folder) => rmSync(join(folder, 'empty.json')), /empty.json is missing/],
    [
      'no manifest',
      (folder) => rmSync(join(folder, 'manifest.json')),
      /no manifest.json: it was not written to its end/,
    ],
    ['half a manifest', (folder) => truncateSync(join(folder, 'manifest.json'), 20), /manifest.json is damaged/],
    [
      'a manifest that leads elsewhere',
      (folder) => {
        const entry = { size: 1, sha256: '0'.repeat(64) }
        writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ step: 9, files: { '../../secret': entry } }))
      },
      /manifest.json is damaged.*secret: Invalid key in record/s,
    ],
  ])('passes over one with %s and says why', async (_, damage, reason) => {
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

  it('is none in a folder without checkpoints or that does not exist', async () => {
    const output_dir = temporaryFolder()
    mkdirSync(join(output_dir, 'checkpoint-best'))
    expect(await newestWhole(output_dir)).toEqual({ folder: undefined, skipped: [] })
    expect(await newestWhole(join(output_dir, 'nowhere'))).toEqual({ folder: undefined, skipped: [] })
  })
})

describe('keeping a number of checkpoints', () => {
  // What transformers 4.57.6 keeps of 1 .. 5 for each limit and best.
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

  it('removes first what lies ahead of a run that went back', async () => {
    const output_dir = temporaryFolder()
    for (const step of [10, 20, 25, 30, 40]) await save(output_dir, step)
    await rotateCheckpoints(output_dir, { save_total_limit: 2, newest: 25, best: null })
    expect(await steps(output_dir)).toEqual([20, 25])
  })

  it('removes all of them when asked to start anew', async () => {
    const output_dir = temporaryFolder()
    for (const step of [1, 2]) await save(output_dir, step)
    writeFileSync(join(output_dir, 'notes.txt'), 'mine')
    await removeCheckpoints(output_dir)
    expect(readdirSync(output_dir)).toEqual(['notes.txt'])
  })
})

describe('after a process was killed', () => {
  it('at a random instant, the last checkpoint it had saved or a newer one is whole', async () => {
    const output_dir = temporaryFolder()
    const { uniform } = random(42, 'kill')
    let saved = 0
    for (let round = 0; round < thoroughOr(6, 3); round++) {
      const script = startScript('save-forever.ts', output_dir)
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

  it('between the last byte and the name, the checkpoint gets its name', async () => {
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
