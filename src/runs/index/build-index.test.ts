import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { PassageIndex } from '../../search/passage-index.ts'
import { noScreen } from '../screen/screen.ts'
import { type BuildIndexOptions, buildIndex } from './build-index.ts'

let folder: string
let docs: string
let output_dir: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-index-test-'))
  docs = join(folder, 'docs')
  output_dir = join(folder, 'index')
  mkdirSync(docs)
  write('pump.md', '# Pump\n\nTo reset the pump, hold the red button.\n\n## Filter\n\nClean the filters every month.')
  write('people.txt', 'Änne Müller built the first pump in Zürich.\n\nShe was 30.')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFileSync(join(docs, name), text)
const build = (options: Partial<BuildIndexOptions> = {}) => buildIndex([docs], { output_dir, ...options })
const file = () => join(output_dir, 'index.db')

function search(question: string, options = {}) {
  const index = PassageIndex.open(output_dir)
  try {
    return index.search(question, options).map(({ document, headings, text, start }) => {
      expect(index.text(document.id).slice(start, start + text.length)).toBe(text)
      return [document.name, ...headings]
    })
  } finally {
    index.close()
  }
}

describe('buildIndex', () => {
  it('finds passages by words in other forms, without accents and case', async () => {
    expect(await build()).toMatchObject({ documents: 2, passages: 3, added: 2, skipped: [] })
    expect(search('What resets pumps?')[0]).toEqual(['docs/pump.md', 'Pump'])
    expect(search('how do I clean a FILTER')).toEqual([['docs/pump.md', 'Pump', 'Filter']])
    expect(search('muller zurich')).toEqual([['docs/people.txt']])
    expect(search('pump', { passages: 1 })).toHaveLength(1)
    write('people.txt', 'The footbridge² is 30 m² large.')
    await build()
    expect(search('footbridge')).toEqual(search('m²'))
    expect(search('footbridge')).toHaveLength(1)
    for (const none of ['', '?!', '" OR', 'xyz', '\0', '\ud800']) expect(search(none)).toEqual([])
  })

  it('ignores words of a question that many passages have', async () => {
    const valves = Array.from(
      { length: 600 },
      (_, i) => `# Valve ${i}\n\nThe valve ${i === 7 ? 'has a lever' : 'turns'}.`,
    )
    write('valves.md', valves.join('\n\n'))
    await build()
    expect(search('Which valve has a lever?')).toEqual([['docs/valves.md', 'Valve 7']])
    expect(search('Which valve?', { passages: 20 })).toHaveLength(20)
  })

  it('searches some documents only', async () => {
    await build()
    const index = PassageIndex.open(output_dir)
    const [people] = index.documents({ containing: 'PEOPLE' })
    index.close()
    expect(search('pump', { documents: [people.id] })).toEqual([['docs/people.txt']])
    expect(search('pump', { documents: [] })).toEqual([])
  })

  it('reads only what has changed, and drops what is gone', async () => {
    await build()
    expect(await build()).toMatchObject({ added: 0, changed: 0, removed: 0, unchanged: 2 })
    write('pump.md', '# Pump\n\nTurn the wheel.')
    write('new.html', '<p>A new valve.')
    rmSync(join(docs, 'people.txt'))
    expect(await build()).toMatchObject({ added: 1, changed: 1, removed: 1, unchanged: 0, documents: 2 })
    expect(search('red button')).toEqual([])
    expect(search('Zurich')).toEqual([])
    expect(search('wheel or valve')).toHaveLength(2)
    utimesSync(join(docs, 'pump.md'), 1, 1)
    expect(await build()).toMatchObject({ changed: 0, unchanged: 2 })
    // Of the same size as before.
    write('pump.md', '# Pump\n\nTurn the crank.')
    expect(await build()).toMatchObject({ changed: 1, unchanged: 1 })
    expect(search('crank')).toHaveLength(1)
    // Without sources, those of last time.
    write('more.txt', 'A lever.')
    expect(await buildIndex([], { output_dir })).toMatchObject({ added: 1, unchanged: 2 })
  })

  it('skips documents that cannot be read, and tries again once they have changed', async () => {
    write('broken.pdf', 'no PDF')
    const skipped = [{ name: 'docs/broken.pdf', reason: expect.stringContaining('not a PDF') }]
    expect(await build()).toMatchObject({ documents: 2, problems: 1, skipped })
    expect(await build()).toMatchObject({ skipped, unchanged: 3 })
    rmSync(join(docs, 'broken.pdf'))
    expect(await build()).toMatchObject({ skipped: [], removed: 1 })
  })

  it('tries documents again that exceeded a limit which is larger now', async () => {
    write('long.txt', 'A lever. '.repeat(50))
    const limits = { max_characters: 100 }
    expect(await build({ limits })).toMatchObject({ problems: 1, documents: 2 })
    expect(await build({ limits })).toMatchObject({ unchanged: 3 })
    expect(await build()).toMatchObject({ problems: 0, documents: 3, changed: 1, unchanged: 2 })
    expect(await build({ limits: { max_bytes: 100 }, overwrite: true })).toMatchObject({ problems: 1 })
    expect(await build({ limits: { max_bytes: 100 } })).toMatchObject({ problems: 1, changed: 0, unchanged: 3 })
  })

  it('keeps the previous index when it is interrupted, and resumes', async () => {
    await build()
    for (let i = 0; i < 5; i++) write(`more-${i}.txt`, `Sentence about lever ${i}.`)
    const controller = new AbortController()
    const screen = {
      ...noScreen,
      counting: () => ({
        update: (done: number) => done === 3 && controller.abort(new Error('stop')),
        note() {},
        stop() {},
      }),
    }
    await expect(build({ screen: screen as never, signal: controller.signal })).rejects.toThrow('stop')
    expect(search('lever')).toEqual([])
    // As a killed process leaves it.
    mkdirSync(`${file()}.partial.lock`)
    expect(await build()).toMatchObject({ added: 2, unchanged: 5, documents: 7 })
    expect(search('lever')).toHaveLength(5)
    expect(readdirSync(output_dir)).toEqual(['index.db'])
  })

  it('starts over from the index if the unfinished copy is corrupted', async () => {
    await build()
    write('more.txt', 'A lever.')
    writeFileSync(`${file()}.partial`, 'rubbish')
    expect(await build()).toMatchObject({ added: 1, unchanged: 2 })
  })

  it('is read by several processes while another one replaces it', async () => {
    await build()
    const first = PassageIndex.open(output_dir)
    const second = PassageIndex.open(output_dir)
    write('pump.md', 'nothing')
    await build()
    for (const index of [first, second]) {
      expect(index.search('red button')).toHaveLength(1)
      index.close()
    }
    expect(search('red button')).toEqual([])
    expect(statSync(file()).mode & 0o444).toBe(0o444 & ~process.umask())
  })

  it('rejects other settings, missing documents, and folders without an index', async () => {
    await build()
    await expect(build({ stemming: 'none' })).rejects.toThrow('--stemming english')
    expect(await build({ stemming: 'none', overwrite: true })).toMatchObject({ stemming: 'none', added: 2 })
    expect(search('resets')).toEqual([])
    await expect(buildIndex([join(folder, 'none')], { output_dir })).rejects.toThrow('does not exist')
    mkdirSync(join(folder, 'empty'))
    await expect(buildIndex([join(folder, 'empty')], { output_dir })).rejects.toThrow('found no documents')
    await expect(buildIndex([], { output_dir: join(folder, 'other') })).rejects.toThrow('Name files or folders')
    expect(() => PassageIndex.open(folder)).toThrow('there is no index')
    writeFileSync(file(), 'x'.repeat(5000))
    expect(() => PassageIndex.open(output_dir)).toThrow('truncated or corrupted')
  })
})

describe('spanforge index', () => {
  it('prints what was indexed and skipped', async () => {
    write('broken.docx', 'no')
    const { code, stdout } = await runHere('index', docs, '--output_dir', output_dir)
    expect(code).toBe(0)
    expect(stdout).toMatch(/2 documents, 3 passages/)
    expect(stdout).toMatch(/docs\/broken.docx +not a docx file/)
    const { stdout: json } = await runHere('index', docs, '--output_dir', output_dir, '--json')
    expect(JSON.parse(json)).toMatchObject({
      documents: 2,
      unchanged: 3,
      added: 0,
      skipped: [{ name: 'docs/broken.docx' }],
    })
  })
})
