/** The programs of docs/library.md run, and docs/api.md is up to date. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { apiPage, apiPagePath } from '../scripts/api-page.ts'
import * as exported from '../src/index.ts'
import { bundled } from './cli.ts'
import { read } from './source-tree.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

const library: Readonly<Record<string, unknown>> = exported
const page = read('docs/library.md')
const programs = [...page.matchAll(/^## (.*)\n[\s\S]*?^```ts\n([\s\S]*?)^```/gm)].map(([, title, code]) => [
  title,
  code,
])

describe('docs/library.md', () => {
  it.each(programs)('has working programs: %s', async (title, code) => {
    const folder = temporaryFolder()
    cpSync(tinyFolder, join(folder, 'qa-model'), { recursive: true })
    writeTinySquad(folder, 'train.json', 16)
    writeTinySquad(folder, 'dev.json', 8)
    const file = join(folder, `${title.split(',')[0].toLowerCase()}.mjs`)
    expect(code).toContain("from 'spanforge'")
    const small = code.replace('max_seq_length: 384', 'max_seq_length: 48').replace('doc_stride: 128', 'doc_stride: 8')
    const program = small.replace("from 'spanforge'", `from ${JSON.stringify(bundled('index'))}`)
    writeFileSync(file, (await transform(program, { loader: 'ts', format: 'esm' })).code)
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder })
    expect(stdout).not.toMatch(/undefined|NaN/)
    expect(stdout.trim()).not.toBe('')
    if (title.startsWith('Evaluate')) expect(existsSync(join(folder, 'errors.html'))).toBe(true)
  })

  it('and other pages only import what the package exports', () => {
    const pages = ['README.md', 'docs/hub.md', 'docs/deployment.md', 'docs/guide.md', 'docs/library.md'].map(read)
    const imported = pages.flatMap((text) =>
      [...text.matchAll(/import \{([^}]*)\} from 'spanforge'/g)].flatMap(([, names]) =>
        names
          .split(',')
          .map((name) => name.trim().replace(/^type /, ''))
          .filter(Boolean),
      ),
    )
    expect(imported.length).toBeGreaterThan(10)
    expect(imported.filter((name) => !(name in library))).toEqual([])
  })
})

describe('docs/api.md', () => {
  it('is up to date; if not, run npm run write:api', () => {
    const found = readFileSync(apiPagePath, 'utf8')
    expect(found).toBe(apiPage())
    expect(Object.keys(library).filter((name) => !found.includes(`\n### ${name}\n`))).toEqual([])
  })

  it('shows the parameters of every function and method', () => {
    const found = readFileSync(apiPagePath, 'utf8')
    const isFunction = (name: string) => /^[a-z]/.test(name) && typeof library[name] === 'function'
    const shown = (name: string) => new RegExp(`^### ${name}\n[^#]*\`\`\`ts\nexport [^\`]*\\(`, 'm').test(found)
    expect(Object.keys(library).filter((name) => isFunction(name) && !shown(name))).toEqual([])
    expect(found).toContain('`search(question: string, documents: readonly string[], options?: SearchOptions)')
    expect(found).toContain('`(question: string, context: string, options?: OneAnswer): Promise<PipelineAnswer>`')
    expect(found).not.toMatch(/`__\w+:/)
  })

  it('shows all members of an export, also those of types that are not exported', () => {
    const found = readFileSync(apiPagePath, 'utf8')
    const bases = [...found.matchAll(/^Also has the members of (.*)\.$/gm)].flatMap(([, names]) =>
      names.match(/\b[A-Z]\w+/g),
    )
    const unlisted = bases.filter((name) => !found.includes(`\n### ${name}\n`))
    expect(unlisted.filter((name) => !['Omit', 'Pick', 'Partial', 'Error', 'IsBatch'].includes(name!))).toEqual([])
    expect(found).toContain('| `max_f1_drop?: number` |')
  })
})
