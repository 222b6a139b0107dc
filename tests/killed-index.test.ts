import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { PassageIndex } from '../src/search/passage-index.ts'
import { startKillable } from './killable-cli.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { itInFull } from './thorough.ts'

// Processes take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

const DOCUMENTS = 60

/** What an index finds and holds. */
function contentsOf(folder: string) {
  const index = PassageIndex.open(folder)
  const texts = index.documents().map(({ id, name }) => [name, index.text(id)])
  const found = index.search('which lever', { passages: 10 }).map(({ text, relevance }) => [text, relevance.toFixed(6)])
  index.close()
  return { texts, found }
}

itInFull(
  'an index that is killed repeatedly while it is updated is the old one, and then the same as an uninterrupted one',
  async () => {
    const folder = temporaryFolder()
    const docs = join(folder, 'docs')
    mkdirSync(docs)
    const write = (i: number, word: string) =>
      writeFileSync(join(docs, `${i}.md`), `# ${word} ${i}\n\n${`The lever ${i} moves the ${word}. `.repeat(2000)}`)
    const argv = (output: string) => ['index', docs, '--output_dir', join(folder, output)]
    for (let i = 0; i < 5; i++) write(i, 'old')
    expect(await startKillable(argv('killed')).closed).toEqual([0, null])
    const old = contentsOf(join(folder, 'killed'))

    for (let i = 3; i < DOCUMENTS; i++) write(i, 'new')
    rmSync(join(docs, '0.md'))
    expect(await startKillable(argv('whole')).closed).toEqual([0, null])
    const whole = contentsOf(join(folder, 'whole'))
    expect(whole.texts).toHaveLength(DOCUMENTS - 1)

    const partial = join(folder, 'killed/index.db.partial')
    let kills = 0
    const expectOldOrNew = () => {
      const { texts } = contentsOf(join(folder, 'killed'))
      expect([old.texts.length, whole.texts.length]).toContain(texts.length)
      return texts.length === old.texts.length
    }
    for (const kill_at of [1, 2, 3, 4, 6, 8]) {
      if ((await startKillable(argv('killed'), kill_at).closed)[1]) kills++
      expectOldOrNew()
    }
    for (let i = 0; i < 5 && expectOldOrNew(); i++) {
      const { child, closed } = startKillable(argv('killed'))
      const before = sizeOf(partial)
      while (child.exitCode === null && sizeOf(partial) === before) await sleep(2)
      child.kill('SIGKILL')
      if ((await closed)[1]) kills++
    }
    expect(kills).toBeGreaterThan(1)
    expect(await startKillable(argv('killed')).closed).toEqual([0, null])
    expect(contentsOf(join(folder, 'killed'))).toEqual(whole)
    expect(readdirSync(join(folder, 'killed'))).toEqual(['index.db'])
  },
)

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)
