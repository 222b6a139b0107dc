import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { StagedFolder } from '../export/staged-folder.ts'
import { packageFile } from '../package-root.ts'
import type { RuntimeName, SiteCache, SiteFile, SiteIndex, SiteManifest, SiteModel } from './manifest.ts'
import { indexFiles, writeTokenizerSettings } from './manifest.ts'
import { type PageFiles, pageFiles, RUNTIME_FILES, type SitePart } from './page-files.ts'
import { type OpenedSource, openSource, type SiteSource } from './site-model.ts'

/** An index of documents to put into a site. */
export interface SiteCollection {
  /** The database, compressed with gzip. */
  readonly file: string
  readonly documents: number
  readonly passages: number
}

export interface ExportSiteOptions {
  readonly output_dir: string
  /** Update an earlier site in the same folder. Files that do not belong to it are kept. */
  readonly overwrite?: boolean
  readonly collection?: SiteCollection
  /** Folder of the built pages (default: that of this package). */
  readonly pages?: string
}

export interface ExportedSite {
  readonly folder: string
  /** Digest of all files. Browsers replace the files that they keep if it changes. */
  readonly version: string
  readonly models: readonly SiteModel[]
  readonly index?: SiteIndex
  /** Bytes of all files. */
  readonly bytes: number
  /** Bytes of a first visit with the first model, by runtime. */
  readonly first_visit: Readonly<Record<RuntimeName, number>>
}

/**
 * Checks that `exportSite` can write its page.
 * @throws UsageError if a file exists
 */
export async function checkSite({
  output_dir,
  overwrite = false,
  pages = packageFile('dist/web'),
}: ExportSiteOptions): Promise<void> {
  const { core } = await pageFiles(pages)
  const paths = [...core.map(({ path }) => path), MANIFEST, SERVICE_WORKER]
  await (await StagedFolder.open(output_dir, paths, { overwrite })).abandon()
}

/**
 * Writes a folder that any file host can serve: the playground with the models inside, which run in the visitor's
 * browser. The folder is written whole or not at all.
 * @throws UsageError if a file exists, or a model cannot be used
 */
export async function exportSite(
  sources: readonly SiteSource[],
  { output_dir, overwrite = false, pages = packageFile('dist/web'), collection }: ExportSiteOptions,
): Promise<ExportedSite> {
  const opened: OpenedSource[] = []
  for (const source of sources) opened.push(await openSource(source))
  const page = await pageFiles(pages)
  const models = opened.map(modelParts)
  const index = collection && indexParts(page, collection)
  const shared = [page.core, page.extras, page.onUse, Object.values(page.code), index ? Object.values(index) : []]
  const parts = [...shared, ...models.map(({ weights, tokenizer }) => [weights, tokenizer])].flat()
  const earlier = await filesOfEarlierSite(output_dir)
  const staged = await StagedFolder.open(output_dir, [...parts.map(({ path }) => path), MANIFEST, SERVICE_WORKER], {
    overwrite,
  })
  try {
    const { files, ...report } = await writeSite(staged, page, opened, models, index && { ...index, ...collection })
    await staged.finish()
    const current = new Set(files.map(({ path }) => path))
    for (const path of earlier) if (!current.has(path)) await rm(join(staged.target, path), { force: true })
    return { folder: resolve(output_dir), ...report }
  } finally {
    await staged.abandon()
  }
}

const MANIFEST = 'site.json'
const SERVICE_WORKER = 'sw.js'

interface ModelParts {
  readonly weights: SitePart
  readonly tokenizer: SitePart
}

function modelParts({ facts, weights, tokenizer }: OpenedSource, index: number): ModelParts {
  // Valid on all hosts. Two models never share a name, not even where case does not matter.
  const folder = `models/${index + 1}-${facts.id.replace(/[^\w.-]+/g, '-')}`
  const settings = writeTokenizerSettings(tokenizer.settings)
  return {
    weights: { path: `${folder}/${basename(weights)}`, content: { file: weights } },
    tokenizer: { path: `${folder}/tokenizer-settings.json`, content: settings },
  }
}

interface IndexParts {
  readonly search: SitePart
  readonly code: SitePart
  readonly database: SitePart
}

const indexParts = ({ search }: PageFiles, { file }: SiteCollection): IndexParts => ({
  search: search.script,
  code: search.code,
  database: { path: 'index/index.db.bin', content: { file } },
})

async function writeSite(
  staged: StagedFolder,
  page: PageFiles,
  opened: readonly OpenedSource[],
  parts: readonly ModelParts[],
  collection: (IndexParts & SiteCollection) | undefined,
) {
  const files: SiteFile[] = []
  const write = async (part: SitePart): Promise<SiteFile> => {
    const file = await writePart(staged, part)
    files.push(file)
    return file
  }
  const writeAll = async (list: readonly SitePart[]): Promise<SiteFile[]> => {
    const written: SiteFile[] = []
    for (const part of list) written.push(await write(part))
    return written
  }
  const [core, extras, onUse] = [await writeAll(page.core), await writeAll(page.extras), await writeAll(page.onUse)]
  const runtime = async (name: RuntimeName) => {
    const { reader, loader } = RUNTIME_FILES[name]
    const find = (path: string) => onUse.find((file) => file.path === path)!
    return { reader: find(reader), loader: find(loader), code: await write(page.code[name]) }
  }
  const runtimes = { wasm: await runtime('wasm'), webgpu: await runtime('webgpu') }
  const models: SiteModel[] = []
  for (const [index, { facts }] of opened.entries()) {
    const { weights, tokenizer } = parts[index]
    models.push({ ...facts, weights: await write(weights), tokenizer: await write(tokenizer) })
  }
  const index: SiteIndex | undefined = collection && {
    search: await write(collection.search),
    code: await write(collection.code),
    database: await write(collection.database),
    documents: collection.documents,
    passages: collection.passages,
  }
  if (index) onUse.push(index.search)
  const version = digestOf(files.map(({ path, sha256 }) => `${path} ${sha256}\n`).join('')).slice(0, 16)
  const manifest: SiteManifest = { version, models, runtimes, index }
  core.push(await write({ path: MANIFEST, content: JSON.stringify(manifest) }))
  const large = [
    ...[runtimes.wasm.code, runtimes.webgpu.code, ...(index ? [index.code, index.database] : [])],
    ...models.flatMap((one) => [one.weights, one.tokenizer]),
  ]
  const cache: SiteCache = { version, core, extras, onUse, large }
  const script = `${SITE}${JSON.stringify(cache)};\n${page.serviceWorker}`
  const all = [...files, await writePart(staged, { path: SERVICE_WORKER, content: script })]
  const firstVisit = (name: RuntimeName): number =>
    sum([
      ...[...core, ...extras, ...Object.values(runtimes[name]), models[0].weights, models[0].tokenizer],
      ...(index ? indexFiles(index) : []),
    ])
  const first_visit = { wasm: firstVisit('wasm'), webgpu: firstVisit('webgpu') }
  return { files: all, version, models, index, bytes: sum(all), first_visit }
}

/** Writes a file and computes its size and digest. */
async function writePart(staged: StagedFolder, { path, content }: SitePart): Promise<SiteFile> {
  const digest = createHash('sha256')
  let bytes = 0
  async function* measured() {
    const source = typeof content === 'string' ? [Buffer.from(content)] : createReadStream(content.file)
    for await (const chunk of source as AsyncIterable<Buffer>) {
      digest.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  await staged.write(path, measured())
  return { path, bytes, sha256: digest.digest('hex') }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const sum = (files: readonly SiteFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0)

/** How the service worker begins, before the list of files. */
const SITE = 'self.SITE='

/** The files of a site in the folder, as listed by its service worker. Empty if there is none. */
async function filesOfEarlierSite(folder: string): Promise<string[]> {
  const script = await readFile(join(folder, SERVICE_WORKER), 'utf8').catch(() => '')
  const [first] = script.split('\n', 1)
  if (!first.startsWith(SITE)) return []
  const { core, extras, onUse, large } = JSON.parse(first.slice(SITE.length).replace(/;$/, '')) as SiteCache
  const paths = [...core, ...extras, ...onUse, ...large].map(({ path }) => path)
  // Whatever the list says, only files of the folder are removed.
  return paths.filter((path) => !isAbsolute(path) && !path.split(/[/\\]/).includes('..'))
}
