import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { killAndWait, startScript } from '../../tests/script.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { acquireRunLock } from './run-lock.ts'

describe('the lock of an output folder', () => {
  it('keeps a second run out until it is released', () => {
    const output_dir = join(temporaryFolder(), 'run')
    const lock = acquireRunLock(output_dir)
    expect(() => acquireRunLock(output_dir)).toThrow(`in use by another run (process ${process.pid} since`)
    lock.release()
    expect(readdirSync(output_dir)).toEqual([])
    acquireRunLock(output_dir).release()
  })

  it('keeps another process out, and is taken over when that one was killed', async () => {
    const output_dir = temporaryFolder()
    const script = startScript('hold-lock.ts', output_dir)
    await once(script.stdout, 'data')
    expect(() => acquireRunLock(output_dir)).toThrow(`in use by another run (process ${script.pid} since`)
    await killAndWait(script)
    acquireRunLock(output_dir).release()
  })

  it.runIf(existsSync('/proc/self/stat'))('is taken over from an ended process whose number another one has', () => {
    const output_dir = temporaryFolder()
    const path = join(output_dir, '.run.lock')
    acquireRunLock(output_dir)
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), started: '1' }))
    acquireRunLock(output_dir).release()
  })

  it('is refused when another machine holds it, with the file to remove', () => {
    const output_dir = temporaryFolder()
    const path = join(output_dir, '.run.lock')
    acquireRunLock(output_dir)
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), host: 'elsewhere' }))
    expect(() => acquireRunLock(output_dir)).toThrow(
      `on elsewhere)\n  Wait for it to end, or choose another --output_dir. If no such process runs, remove ${path}.`,
    )
  })

  it('is taken over when it holds rubbish', () => {
    const output_dir = temporaryFolder()
    writeFileSync(join(output_dir, '.run.lock'), 'rubbish')
    acquireRunLock(output_dir).release()
    expect(readdirSync(output_dir)).toEqual([])
  })

  it('is not removed by a run that lost it', () => {
    const output_dir = temporaryFolder()
    const lock = acquireRunLock(output_dir)
    writeFileSync(join(output_dir, '.run.lock'), "another's")
    lock.release()
    expect(readdirSync(output_dir)).toEqual(['.run.lock'])
  })
})
