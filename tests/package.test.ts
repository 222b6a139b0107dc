/** A release as a user gets it: packed, installed into an empty project, compiled against, bundled. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { build as viteBuild } from 'vite'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { describeChromium, launchChromium } from './chromium.ts'
import { compileProject, emptyProject, installRelease, packRelease, runProject, unpackRelease } from './installed.ts'
import { read } from './source-tree.ts'
import { isThorough, thoroughOr } from './thorough.ts'
import { tinyFolder } from './tiny-squad.ts'

/** Strict TypeScript that uses each entry point, and types whose shape depends on the options. */
const PROGRAM = `import { AutoTokenizer, type PipelineAnswer, pipeline } from 'spanforge'
import { normalizeAnswer, squadMetrics } from 'spanforge/squad'
import { tokenizerFromVocab } from 'spanforge/text'

const question = 'who is in ro?'
const context = 'bo is in ro.'
const answerer = await pipeline('question-answering', 'qa-model')
const best: PipelineAnswer = await answerer({ question, context })
await answerer.dispose()
const tokenizer = await AutoTokenizer.from_pretrained('qa-model')
const row: number[] = tokenizer.call(question, context).input_ids
const options = { truncation: 'only_second', max_length: 16, return_overflowing_tokens: true } as const
const rows: number[][] = tokenizer.call(question, context, options).input_ids
const ofVocabulary = tokenizerFromVocab(['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'who'].join('\\n'))
const examples = [{ id: '1', question, context, answers: [{ text: 'bo', answer_start: 0 }] }]
const { exact_match } = squadMetrics(new Map([['1', normalizeAnswer('The Bo.')]]), examples)
console.log(JSON.stringify({
  isSlice: context.slice(best.start, best.end) === best.answer,
  isFirst: String(rows[0].slice(0, 5)) === String(row.slice(0, 5)),
  ids: ofVocabulary.call('who').input_ids,
  exact_match,
}))
`

let folder: string
let tarball: string
let project: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-release-'))
  tarball = packRelease(folder)
  project = join(folder, 'project')
  emptyProject(project)
  unpackRelease(tarball, project)
  cpSync(tinyFolder, join(project, 'qa-model'), { recursive: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The programs of the pages that import spanforge. */
const PAGE_PROGRAMS = ['library', 'search', 'hub', 'bundlers'].flatMap((name) =>
  [...read(`docs/${name}.md`).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code),
)

/** Runs the program, and only compiles those of the pages, which other tests run. */
function expectRuns(place: string): void {
  writeFileSync(join(place, 'program.ts'), PROGRAM)
  for (const [i, code] of PAGE_PROGRAMS.entries()) writeFileSync(join(place, `page-program-${i}.ts`), code)
  compileProject(place)
  const printed = JSON.parse(runProject(place, 'program.js').trim().split('\n').at(-1)!)
  expect(printed).toEqual({ isSlice: true, isFirst: true, ids: [2, 4, 3], exact_match: 100 })
}

describe('a release', () => {
  it('compiles in a strict TypeScript project and runs', () => expectRuns(project))

  test.skipIf(!isThorough)('installs into an empty project with npm', ({ skip }) => {
    const place = join(folder, 'installed')
    emptyProject(place)
    cpSync(tinyFolder, join(place, 'qa-model'), { recursive: true })
    const reason = installRelease(tarball, place)
    if (reason) {
      console.warn(`SKIPPED (npm reaches no registry): a release installs into an empty project: ${reason}`)
      skip()
    }
    expectRuns(place)
    expect(runProject(place, 'node_modules/spanforge/bin/spanforge.cjs', '--version')).toMatch(/^\d+\.\d+\.\d+/)
  })
})

const page = read('docs/bundlers.md')
const [, PAGE_PROGRAM] = /```ts\n([\s\S]*?)```/.exec(page)!
const PRINTED = [1, 1, 1]

/** The program of the page as a script that any page can load, for a tokenizer of the model's files. */
async function bundled(): Promise<string> {
  const entry = join(project, 'page.ts')
  writeFileSync(entry, PAGE_PROGRAM.replaceAll('384', '48').replaceAll('128', '8'))
  const { outputFiles, errors, warnings } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  })
  expect([...errors, ...warnings]).toEqual([])
  return outputFiles[0].text
}

const modelFile = (url: string): string => readFileSync(join(project, 'qa-model', url.split('/').at(-1)!), 'utf8')

describe('docs/bundlers.md', () => {
  it('shows a program whose bundle uses no modules of Node', async () => {
    const code = await bundled()
    expect(code.length).toBeLessThan(110_000)
    const printed: unknown[][] = []
    // A context with the globals of a page that are used, and none of Node: no process, no Buffer, no require.
    await runInNewContext(`(async () => { ${code} })()`, {
      TextDecoder,
      TextEncoder,
      console: { log: (...values: unknown[]) => printed.push(values) },
      fetch: async (url: string) => ({ json: async () => JSON.parse(modelFile(url)) }),
    })
    expect(printed).toEqual([PRINTED])
  })

  it('shows a program that Vite bundles', async () => {
    await bundled()
    writeFileSync(join(project, 'index.html'), '<script type="module" src="/page.ts"></script>')
    const result = await viteBuild({
      root: project,
      configFile: false,
      logLevel: 'silent',
      build: { write: false, target: 'es2022' },
    })
    const [{ output }] = [result].flat() as { output: { type: string; code?: string }[] }[]
    const code = output.map((chunk) => chunk.code ?? '').join('')
    expect(code).toContain('only_second')
    expect(code).not.toMatch(/node:|__vite-browser-external/)
  })

  it.each(thoroughOr(['esm', 'cjs'] as const, ['esm'] as const))(
    'says how a program of Node is bundled, as %s',
    async (format) => {
      const entry = join(project, `bundle-${format}.ts`)
      const outfile = join(project, `bundle-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`)
      writeFileSync(
        entry,
        `import { tokenizerFromVocab } from 'spanforge/text'
      import { normalizeAnswer } from 'spanforge/squad'
      const load = async () => (await import('spanforge')).lossClass(0.2)?.name
      void load().then((name) => console.log(
        tokenizerFromVocab('[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\nwho').call('who').input_ids, normalizeAnswer('The Bo.'), name))`,
      )
      // The two modules are bundled; spanforge itself remains external.
      const stayOut = {
        name: 'stay-out',
        setup: (builder: import('esbuild').PluginBuild) =>
          builder.onResolve({ filter: /^spanforge$/ }, ({ path }) => ({ path, external: true })),
      }
      await build({ entryPoints: [entry], bundle: true, outfile, format, platform: 'node', plugins: [stayOut] })
      expect(runProject(project, outfile)).toMatch(/\[ 2, 4, 3 \] bo \w+/)
    },
  )
})

describeChromium('docs/bundlers.md, in a browser', () => {
  it('shows a program that runs in a page', async () => {
    const code = await bundled()
    const browser = await launchChromium()
    try {
      const tab = await browser.newPage()
      const printed = new Promise<string>((resolve) => tab.on('console', (message) => resolve(message.text())))
      await tab.route('http://page.test/**', (route) => {
        const { pathname } = new URL(route.request().url())
        if (pathname.startsWith('/model/'))
          return route.fulfill({ body: modelFile(pathname), contentType: 'application/json' })
        return pathname === '/page.js'
          ? route.fulfill({ body: code, contentType: 'text/javascript' })
          : route.fulfill({ body: '<script type="module" src="/page.js"></script>', contentType: 'text/html' })
      })
      await tab.goto('http://page.test/')
      expect(await printed).toBe(PRINTED.join(' '))
    } finally {
      await browser.close()
    }
  })
})
