import { builtinModules } from 'node:module'
import { type BuildFailure, build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { engineChoices } from '../src/runtime/registry.ts'
import { exportsOf, files, importsOf, moduleOf, read, sources } from './source-tree.ts'

/**
 * The modules of src/ that each module may import besides itself, as in the table of docs/architecture.md, in the same
 * order. A module must be listed before all modules that import it.
 */
const mayImport: Record<string, readonly string[]> = {
  files: [],
  threads: [],
  documents: ['files', 'threads'],
  random: [],
  graph: [],
  ops: ['graph'],
  autodiff: ['graph', 'ops'],
  lowering: ['graph', 'ops'],
  onnx: ['graph'],
  native: [],
  runtime: ['threads', 'graph', 'lowering', 'onnx', 'native'],
  ranks: ['threads', 'native'],
  nn: ['graph', 'ops'],
  text: [],
  squad: ['text'],
  batching: ['graph', 'runtime', 'squad'],
  models: ['graph', 'ops', 'autodiff', 'runtime', 'nn', 'squad', 'batching'],
  checkpoint: ['files', 'models', 'text'],
  data: ['files', 'random', 'text', 'squad', 'checkpoint'],
  hub: ['files', 'squad', 'checkpoint'],
  inference: ['random', 'runtime', 'nn', 'batching', 'models', 'text', 'squad', 'checkpoint'],
  search: ['files', 'documents', 'models', 'text', 'squad', 'inference'],
  export: [
    'files',
    'graph',
    'ops',
    'lowering',
    'onnx',
    'runtime',
    'nn',
    'text',
    'squad',
    'batching',
    'models',
    'checkpoint',
  ],
  training: [
    'files',
    'threads',
    'random',
    'graph',
    'runtime',
    'ranks',
    'batching',
    'models',
    'text',
    'squad',
    'checkpoint',
    'inference',
  ],
  report: ['squad', 'training'],
  analysis: ['random', 'text', 'squad', 'inference', 'report'],
  synthetic: ['random', 'squad'],
  cloze: ['squad'],
  site: ['models', 'text', 'squad', 'checkpoint', 'inference', 'export'],
  runs: [
    'files',
    'threads',
    'documents',
    'native',
    'runtime',
    'ranks',
    'batching',
    'models',
    'text',
    'squad',
    'checkpoint',
    'data',
    'hub',
    'inference',
    'search',
    'export',
    'training',
    'report',
    'analysis',
    'synthetic',
    'cloze',
    'site',
  ],
  server: [
    'files',
    'threads',
    'batching',
    'models',
    'text',
    'squad',
    'checkpoint',
    'data',
    'hub',
    'inference',
    'search',
    'report',
    'runs',
  ],
  dashboard: ['files', 'threads', 'squad', 'checkpoint', 'inference', 'training', 'report', 'runs', 'server'],
  annotate: ['files', 'threads', 'documents', 'squad', 'data', 'inference', 'search', 'runs', 'server'],
  api: [
    'files',
    'runtime',
    'models',
    'text',
    'squad',
    'checkpoint',
    'data',
    'hub',
    'inference',
    'search',
    'export',
    'training',
    'report',
    'runs',
  ],
}

/** The command line and the library's index may import all modules. */
const onTop = ['cli', 'index.ts']

/** Files that all modules may import, and that import no module. */
const forAll = [
  'bfloat16.ts',
  'bounded-json.ts',
  'errors.ts',
  'float16.ts',
  'known-options.ts',
  'package-root.ts',
  'protobuf.ts',
  'show-value.ts',
]

/** Names of engines, in code and in comments. */
const ENGINE = /\b(onnxruntime(?!-web)|ONNX Runtime|openvino|onednn|webgpu)\b/gi

/** Modules whose subject is how other programs run exported models. */
const mayNameRuntimes = ['export', 'site']

/** Files above runtime/ that may name an engine, with the reason. */
const mayNameEngines: Readonly<Record<string, string>> = {
  'src/checkpoint/other-weights.ts': 'recognizes exports to the format of OpenVINO',
  'src/cli/commands/export.ts': 'shows the size of a site with each runtime of browsers',
}

/** Modules that run in a browser without changes. */
const inBrowser = ['text', 'squad']

/** Names that two files declare and export, with the reason. A re-export is not a declaration. */
const mayShareName: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['buildIndex', 'exportModel', 'resolveModel', 'train'].map((name) => [
      name,
      'the function of the library checks its options',
    ]),
  ),
  BertTokenizer: 'spanforge/text has the tokenizer, the library the one that can also be loaded and saved by name',
  TrainingArguments: 'the library has a class that creates values of the type',
  linear: 'the operator, and the layer that applies it to parameters',
}

const importsAllowed = (module: string): readonly string[] =>
  onTop.includes(module) ? Object.keys(mayImport) : (mayImport[module] ?? [])

const ours = (path: string): boolean => path.startsWith('src/')
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')

describe('imports under src/', () => {
  it('follow the dependency rules of docs/architecture.md', () => {
    const wrong = sources.flatMap((source) => {
      const allowed = [...forAll, moduleOf(source), ...importsAllowed(moduleOf(source))]
      return importsOf(source)
        .filter((path) => ours(path) && !allowed.includes(moduleOf(path)))
        .map((path) => `${source} imports ${path}: ${moduleOf(source)} may not import ${moduleOf(path)}`)
    })
    expect(wrong).toEqual([])
  })

  it('do not name engines outside runtime/', () => {
    const open = ['engine.ts', 'engine-entry.ts', 'registry.ts'].map((name) => `src/runtime/${name}`)
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((path) => moduleOf(source) !== 'runtime' && path.startsWith('src/runtime/') && !open.includes(path))
        .map((path) => `${source} imports ${path}`),
    )
    expect(wrong).toEqual([])
    const aboveRuntime = [...Object.keys(mayImport).slice(Object.keys(mayImport).indexOf('runtime') + 1), ...onTop]
    const named = sources
      .filter((source) => aboveRuntime.includes(moduleOf(source)) && !(source in mayNameEngines))
      .filter((source) => !mayNameRuntimes.includes(moduleOf(source)))
      .flatMap((source) => [...read(source).matchAll(ENGINE)].map(([name]) => `${source} names ${name}`))
    expect(
      engineChoices()
        .slice(1)
        .filter((name) => !name.match(ENGINE)),
    ).toEqual([])
    expect(named).toEqual([])
  })

  it('never leave src/', () => {
    const outside = sources.flatMap((source) =>
      importsOf(source)
        .filter((path) => path.endsWith('.ts') && !ours(path))
        .map((path) => `${source} imports ${path}`),
    )
    expect(outside).toEqual([])
  })

  it('have no cycles between files', () => {
    expect(cycles(sources, (source) => importsOf(source).filter((path) => sources.includes(path)))).toEqual([])
  })

  it('have no cycles between the folders of a module', () => {
    const imported = new Map<string, Set<string>>()
    for (const source of sources) {
      const from = partOf(source)
      const inModule = importsOf(source).filter((path) => ours(path) && moduleOf(path) === moduleOf(source))
      const parts = inModule.map(partOf).filter((part) => part !== from)
      imported.set(from, new Set([...(imported.get(from) ?? []), ...parts]))
    }
    expect(cycles([...imported.keys()], (part) => [...(imported.get(part) ?? [])])).toEqual([])
  })

  it('of text/ and squad/ are available in a browser', () => {
    const modules = sources.filter((source) => inBrowser.includes(moduleOf(source)))
    const node = modules.flatMap((source) =>
      [
        ...importsOf(source).filter((name) => name.startsWith('node:') || builtinModules.includes(packageOf(name))),
        ...(/\b(Buffer|process)\./.exec(read(source))?.slice(0, 1) ?? []),
      ].map((name) => `${source}: ${name}`),
    )
    expect(modules).not.toEqual([])
    expect(node).toEqual([])
  })

  it('of scripts in web/ are available in a browser', async () => {
    const entryPoints = files.filter((path) => /^web\/(workers|answer-box|gate)\/[\w-]+\.ts$/.test(path))
    const options = { bundle: true, write: false, platform: 'browser', outdir: 'build', logLevel: 'silent' } as const
    const conditions = ['onnxruntime-web-use-extern-wasm']
    const { errors } = await build({ ...options, entryPoints, conditions }).catch((failure: BuildFailure) => failure)
    expect(entryPoints).not.toEqual([])
    expect(errors.map(({ text, location }) => `${location?.file}: ${text}`)).toEqual([])
  })

  it('include only packages that users of spanforge install', () => {
    const { dependencies } = JSON.parse(read('package.json'))
    const missing = sources.flatMap((source) =>
      importsOf(source)
        .filter((name) => !ours(name) && !name.startsWith('node:') && !(packageOf(name) in dependencies))
        .map((name) => `${source} imports ${name}`),
    )
    expect(missing).toEqual([])
  })
})

describe('names that src/ and web/ export', () => {
  it('have one meaning', () => {
    const homes = new Map<string, string[]>()
    for (const path of files.filter((path) => /^(src|web)\/.*\.tsx?$/.test(path) && !/\.(test|as)\.ts$/.test(path)))
      for (const name of exportsOf(path)) homes.set(name, [...(homes.get(name) ?? []), path])
    const shared = [...homes].filter(([, paths]) => paths.length > 1)
    expect(shared.filter(([name]) => !(name in mayShareName)).map(([name, paths]) => `${name}: ${paths}`)).toEqual([])
    expect(Object.keys(mayShareName).filter((name) => !shared.some(([known]) => known === name))).toEqual([])
  })
})

describe('the modules of src/', () => {
  it('are all listed in this test', () => {
    const unknown = [...new Set(sources.map(moduleOf))].filter(
      (module) => !(module in mayImport) && !onTop.includes(module) && !forAll.includes(module),
    )
    expect(unknown, 'modules that are not listed in this test and in docs/architecture.md').toEqual([])
  })

  it('are listed in docs/architecture.md with their allowed imports', () => {
    const page = read('docs/architecture.md')
    const missing = Object.entries(mayImport).filter(([module, allowed]) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${module}/\``))
      return row?.split('|').at(-2)?.trim() !== allowed.join(', ')
    })
    expect(missing.map(([module, allowed]) => `${module}/ -> ${allowed.join(', ')}`)).toEqual([])
  })
})

describe('the files of the repository', () => {
  it('include all files named in docs/architecture.md', () => {
    const named = [...read('docs/architecture.md').matchAll(/`([\w./-]+\/[\w.-]+\.tsx?)`/g)].map(([, path]) => path)
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((path) => !files.includes(path) && !files.includes(`src/${path}`))).toEqual([])
  })

  it('have at most 400 lines if they are programs', () => {
    const long = files
      .filter((path) => /\.(tsx?|mjs|js|py|css)$/.test(path))
      .map((path) => ({ path, lines: read(path).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > 400)
    expect(long).toEqual([])
  })

  it('do not contain local paths', () => {
    const place = new RegExp(`(^|[\\s'"\`(=:])/(${['work', 'root', 'tmp'].join('|')})/\\w`, 'm')
    const named = files.flatMap((path) => {
      const text = read(path)
      const found = text.includes('\0') ? null : place.exec(text)
      return found
        ? [
            `${path}: ${
              text
                .slice(found.index, found.index + 60)
                .trim()
                .split('\n')[0]
            }`,
          ]
        : []
    })
    expect(named).toEqual([])
  })

  it('list the licenses of all packages', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'))
    const page = read('docs/licenses.md')
    const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !page.includes(`\`${name}\``))
    expect(missing, 'packages without a line in docs/licenses.md').toEqual([])
  })

  it('do not specify a package registry', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })
})

/** A folder of a module, or a file directly in it: `src/runs/train`, `src/runs/machine.ts`. */
function partOf(source: string): string {
  return source.split('/').slice(0, 3).join('/')
}

/** Finds each cycle once, as the list of its nodes, by a depth-first search that detects nodes on its current path. */
function cycles(nodes: readonly string[], following: (node: string) => readonly string[]): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) found.push([...path.slice(path.indexOf(node)), node].join(' -> '))
    if (path.includes(node) || done.has(node)) return
    for (const next of following(node)) walk(next, [...path, node])
    done.add(node)
  }
  for (const node of nodes) walk(node, [])
  return found
}
