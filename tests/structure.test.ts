import { builtinModules } from 'node:module'
import { describe, expect, it } from 'vitest'
import { files, importsOf, read, roomOf, sources } from './source-tree.ts'

/**
 * Which rooms of src/ a room may import, besides itself: the table of docs/architecture.md, in its order. A room that
 * may be imported stands above the rooms that import it.
 */
const mayImport: Record<string, readonly string[]> = {
  files: [],
  threads: [],
  random: [],
  graph: [],
  ops: ['graph'],
  autodiff: ['graph', 'ops'],
  lowering: ['graph', 'ops'],
  onnx: ['graph'],
  runtime: ['threads', 'graph', 'lowering', 'onnx'],
  nn: ['graph', 'ops'],
  text: [],
  squad: ['text'],
  batching: ['graph', 'runtime', 'squad'],
  models: ['graph', 'ops', 'autodiff', 'runtime', 'nn', 'squad', 'batching'],
  checkpoint: ['files', 'models', 'text'],
  data: ['files', 'random', 'text', 'squad', 'checkpoint'],
  hub: ['files', 'squad', 'checkpoint'],
  inference: ['random', 'runtime', 'nn', 'batching', 'models', 'text', 'squad', 'checkpoint'],
  training: ['files', 'random', 'graph', 'runtime', 'batching', 'models', 'text', 'squad', 'checkpoint', 'inference'],
  report: ['squad', 'training'],
  analysis: ['random', 'text', 'squad', 'inference', 'report'],
  synthetic: ['random', 'squad'],
  runs: [
    'files',
    'threads',
    'runtime',
    'batching',
    'models',
    'text',
    'squad',
    'checkpoint',
    'data',
    'hub',
    'inference',
    'training',
    'report',
    'analysis',
    'synthetic',
  ],
  server: [
    'threads',
    'batching',
    'models',
    'text',
    'squad',
    'checkpoint',
    'data',
    'hub',
    'inference',
    'report',
    'runs',
  ],
  dashboard: ['files', 'threads', 'squad', 'checkpoint', 'inference', 'training', 'report', 'runs', 'server'],
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
    'training',
    'report',
    'runs',
  ],
}

/** The command line and the library's index stand above every room. */
const onTop = ['cli', 'index.ts']

/** Modules that every room may import, and that import none. */
const forAll = [
  'bounded-json.ts',
  'edit-distance.ts',
  'errors.ts',
  'float16.ts',
  'known-options.ts',
  'package-root.ts',
  'protobuf.ts',
  'show-value.ts',
]

/** Rooms that run in a browser as they stand. */
const inBrowser = ['text', 'squad']

const importsAllowed = (room: string): readonly string[] =>
  onTop.includes(room) ? Object.keys(mayImport) : (mayImport[room] ?? [])

const ours = (path: string): boolean => path.startsWith('src/')
const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')

describe('imports under src/', () => {
  it('go the one way that docs/architecture.md gives', () => {
    const wrong = sources.flatMap((source) => {
      const allowed = [...forAll, roomOf(source), ...importsAllowed(roomOf(source))]
      return importsOf(source)
        .filter((path) => ours(path) && !allowed.includes(roomOf(path)))
        .map((path) => `${source} imports ${path}: ${roomOf(source)} may not import ${roomOf(path)}`)
    })
    expect(wrong).toEqual([])
  })

  it('know no engine by name above runtime/', () => {
    const open = ['engine.ts', 'engine-entry.ts', 'registry.ts'].map((name) => `src/runtime/${name}`)
    const wrong = sources.flatMap((source) =>
      importsOf(source)
        .filter((path) => roomOf(source) !== 'runtime' && path.startsWith('src/runtime/') && !open.includes(path))
        .map((path) => `${source} imports ${path}`),
    )
    expect(wrong).toEqual([])
    const named = sources.filter(
      (source) => roomOf(source) !== 'runtime' && /'(onnxruntime|openvino|onednn)'/.test(read(source)),
    )
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

  it('make no cycle between files', () => {
    expect(cycles()).toEqual([])
  })

  it('of text/ and squad/ name nothing that a browser lacks', () => {
    const rooms = sources.filter((source) => inBrowser.includes(roomOf(source)))
    const node = rooms.flatMap((source) =>
      [
        ...importsOf(source).filter((name) => name.startsWith('node:') || builtinModules.includes(packageOf(name))),
        ...(/\b(Buffer|process)\./.exec(read(source))?.slice(0, 1) ?? []),
      ].map((name) => `${source}: ${name}`),
    )
    expect(rooms).not.toEqual([])
    expect(node).toEqual([])
  })

  it('name only packages that a user of spanforge also installs', () => {
    const { dependencies } = JSON.parse(read('package.json'))
    const missing = sources.flatMap((source) =>
      importsOf(source)
        .filter((name) => !ours(name) && !name.startsWith('node:') && !(packageOf(name) in dependencies))
        .map((name) => `${source} imports ${name}`),
    )
    expect(missing).toEqual([])
  })
})

describe('the rooms of src/', () => {
  it('are those of the test', () => {
    const unknown = [...new Set(sources.map(roomOf))].filter(
      (room) => !(room in mayImport) && !onTop.includes(room) && !forAll.includes(room),
    )
    expect(unknown, 'rooms without a line in this test and in docs/architecture.md').toEqual([])
  })

  it('all stand in docs/architecture.md, with what they may import', () => {
    const page = read('docs/architecture.md')
    const missing = Object.entries(mayImport).filter(([room, allowed]) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${room}/\``))
      return row?.split('|').at(-2)?.trim() !== allowed.join(', ')
    })
    expect(missing.map(([room, allowed]) => `${room}/ -> ${allowed.join(', ')}`)).toEqual([])
  })
})

describe('the files of the repository', () => {
  it('have at most 400 lines where they are programs', () => {
    const long = files
      .filter((path) => /\.(tsx?|mjs|js|py|css)$/.test(path))
      .map((path) => ({ path, lines: read(path).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > 400)
    expect(long).toEqual([])
  })

  it('name no place of the machine they were written on', () => {
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

  it('give the licence of every package that npm installs for them', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'))
    const page = read('docs/licences.md')
    const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !page.includes(`\`${name}\``))
    expect(missing, 'packages without a line in docs/licences.md').toEqual([])
  })

  it('leave it to npm where packages come from', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })
})

/** Each cycle once, as the files along it: a depth-first walk that finds itself again on its own path. */
function cycles(): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (source: string, path: readonly string[]): void => {
    if (path.includes(source)) found.push([...path.slice(path.indexOf(source)), source].join(' -> '))
    if (path.includes(source) || done.has(source)) return
    for (const next of importsOf(source).filter((path) => sources.includes(path))) walk(next, [...path, source])
    done.add(source)
  }
  for (const source of sources) walk(source, [])
  return found
}
