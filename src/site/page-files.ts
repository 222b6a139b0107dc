import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import type { RuntimeName } from './manifest.ts'

/** A file of a site before it is written: its path in the site, and its content or the file to copy. */
export interface SitePart {
  readonly path: string
  readonly content: string | { readonly file: string }
}

/** The files that all sites have in common, by when visitors need them (see `SiteCache`). */
export interface PageFiles {
  readonly core: readonly SitePart[]
  readonly extras: readonly SitePart[]
  readonly onUse: readonly SitePart[]
  /** The WebAssembly code of each runtime. */
  readonly code: Readonly<Record<RuntimeName, SitePart>>
  /** The files that search an index. */
  readonly search: { readonly script: SitePart; readonly code: SitePart }
  /** The service worker without the list of files. */
  readonly serviceWorker: string
}

/** Paths of the runtimes' files in a site. */
export const RUNTIME_FILES: Readonly<Record<RuntimeName, { reader: string; loader: string; code: string }>> = {
  wasm: {
    reader: 'reader-wasm.js',
    loader: 'runtime/ort-wasm-simd-threaded.js',
    code: 'runtime/ort-wasm-simd-threaded.wasm.bin',
  },
  webgpu: {
    reader: 'reader-webgpu.js',
    loader: 'runtime/ort-wasm-simd-threaded.asyncify.js',
    code: 'runtime/ort-wasm-simd-threaded.asyncify.wasm.bin',
  },
}

/** An entry of Vite's manifest. */
interface Chunk {
  readonly file: string
  readonly imports?: readonly string[]
  readonly dynamicImports?: readonly string[]
  readonly css?: readonly string[]
  readonly assets?: readonly string[]
}

/**
 * Collects the built files of the site's page.
 * @throws SpanforgeError if the package was not built
 */
export async function pageFiles(built: string): Promise<PageFiles> {
  const text = (path: string): Promise<string> =>
    readFile(join(built, path), 'utf8').catch((cause: Error) => {
      throw new SpanforgeError(`${join(built, path)}: page not found (${cause.message})`, {
        remedy: 'Build it with: npm run setup',
        cause,
      })
    })
  const html = (await text('site/index.html')).replaceAll('"../assets/', '"./assets/')
  const manifest: Readonly<Record<string, Chunk>> = JSON.parse(await text('.vite/manifest.json'))
  const serviceWorker = await text('site-files/service-worker.js')
  const start = reachable(manifest, ['site/index.html'])
  const later = reachable(
    manifest,
    start.flatMap((name) => manifest[name].dynamicImports ?? []),
  )
  const [core, extras] = [start, later.filter((name) => !start.includes(name))].map((names) => filesOf(manifest, names))
  const isMap = (path: string) => path.endsWith('.bcmap')
  const asset = (path: string): SitePart => ({ path, content: { file: join(built, path) } })
  const own = (path: string): SitePart => ({ path, content: { file: join(built, 'site-files', path) } })
  const { wasm, webgpu } = RUNTIME_FILES
  return {
    core: [{ path: 'index.html', content: html }, own('start-notice.js'), ...core.map(asset)],
    extras: extras.filter((path) => !isMap(path)).map(asset),
    onUse: [
      ...extras.filter(isMap).map(asset),
      ...[wasm, webgpu].flatMap(({ reader, loader }) => [own(reader), own(loader)]),
      own('answer-box.js'),
      own('licenses.txt'),
    ],
    code: { wasm: own(wasm.code), webgpu: own(webgpu.code) },
    search: { script: own('search.js'), code: own('runtime/sqlite3.wasm.bin') },
    serviceWorker,
  }
}

/** All chunks that the given ones import, and these themselves. */
function reachable(manifest: Readonly<Record<string, Chunk>>, names: readonly string[]): string[] {
  const found = new Set<string>()
  const walk = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const next of manifest[name].imports ?? []) walk(next)
  }
  for (const name of names) walk(name)
  return [...found]
}

const filesOf = (manifest: Readonly<Record<string, Chunk>>, names: readonly string[]): string[] => [
  ...new Set(
    names.flatMap((name) => [manifest[name].file, ...(manifest[name].css ?? []), ...(manifest[name].assets ?? [])]),
  ),
]
