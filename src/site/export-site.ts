import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { explain, makeFolder } from '../files/explain.ts'
import { packageFile } from '../package-root.ts'
import type { RuntimeName, SiteCache, SiteFile, SiteManifest, SiteModel } from './manifest.ts'
import { writeTokenizerSettings } from './manifest.ts'
import { type PageFiles, pageFiles, RUNTIME_FILES, type SitePart } from './page-files.ts'
import { type OpenedSource, openSource, type SiteSource } from './site-model.ts'

export interface ExportSiteOptions {
  /** Update an earlier site in the same folder. Files that do not belong to it are kept. */
  readonly overwrite?: boolean
  /** Folder of the built pages (default: that of this package). */
  readonly pages?: string
}

export interface ExportedSite {
  readonly folder: string
  readonly version: string
  readonly models: readonly SiteModel[]
  /** Bytes of all files. */
  readonly bytes: number
  /** Bytes of a first visit with the first model. */
  readonly first_visit: Readonly<Record<RuntimeName, number>>
}

/**
 * Writes a folder that any file host can serve: the playground with the models inside, which run in the visitor's
 * browser. The folder is written whole or not at all.
 * @throws UsageError if the folder contains anything else, or a model cannot be used
 */
export async function exportSite(
  sources: readonly SiteSource[],
  output_dir: string,
  { overwrite = false, pages = packageFile('dist/web') }: ExportSiteOptions = {},
): Promise<ExportedSite> {
  const target = resolve(output_dir)
  const earlier = await filesOfEarlierSite(target, overwrite)
  const opened: OpenedSource[] = []
  for (const source of sources) opened.push(await openSource(source))
  const page = await pageFiles(pages)
  makeFolder(dirname(target))
  const staged = await mkdtemp(join(dirname(target), `.${basename(target)}.`)).catch((error) => {
    throw explain(target, error)
  })
  try {
    const site = await writeSite(staged, page, opened)
    await moveFiles(staged, target, site.paths)
    for (const path of earlier) if (!site.paths.includes(path)) await rm(join(target, path), { force: true })
    return { folder: target, ...site.report }
  } catch (error) {
    throw explain(target, error)
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

async function writeSite(staged: string, page: PageFiles, opened: readonly OpenedSource[]) {
  const writer = new SiteWriter(staged)
  const files = async (parts: readonly SitePart[]): Promise<SiteFile[]> => {
    const written: SiteFile[] = []
    for (const part of parts) written.push(await writer.write(part))
    return written
  }
  const [core, extras, onUse] = [await files(page.core), await files(page.extras), await files(page.onUse)]
  const runtime = async (name: RuntimeName) => {
    const { reader, loader } = RUNTIME_FILES[name]
    const code = await writer.write(page.code[name])
    const find = (path: string) => onUse.find((file) => file.path === path)!
    return { reader: find(reader), loader: find(loader), code }
  }
  const runtimes = { wasm: await runtime('wasm'), webgpu: await runtime('webgpu') }
  const models: SiteModel[] = []
  for (const [index, { facts, weights, tokenizer }] of opened.entries()) {
    const folder = `models/${folderName(facts.id, index)}`
    models.push({
      ...facts,
      weights: await writer.write({ path: `${folder}/${basename(weights)}`, content: { file: weights } }),
      tokenizer: await writer.write({
        path: `${folder}/tokenizer-settings.json`,
        content: writeTokenizerSettings(tokenizer.settings),
      }),
    })
  }
  const version = digestOf([...writer.files].map(({ path, sha256 }) => `${path} ${sha256}\n`).join(''))
  const manifest: SiteManifest = { version, models, runtimes }
  core.push(await writer.write({ path: 'site.json', content: JSON.stringify(manifest) }))
  const large = [runtimes.wasm.code, runtimes.webgpu.code, ...models.flatMap((one) => [one.weights, one.tokenizer])]
  const cache: SiteCache = { version, core, extras, onUse, large }
  await writer.write({ path: SERVICE_WORKER, content: `${SITE}${JSON.stringify(cache)};\n${page.serviceWorker}` })
  const sum = (list: readonly SiteFile[]) => list.reduce((total, { bytes }) => total + bytes, 0)
  const firstVisit = (name: RuntimeName) =>
    sum([...core, ...extras, ...Object.values(runtimes[name]), models[0].weights, models[0].tokenizer])
  const first_visit = { wasm: firstVisit('wasm'), webgpu: firstVisit('webgpu') }
  // index.html before the last: until then, visitors get the old page with its old files, or an error that says so.
  const last = ['site.json', 'index.html', SERVICE_WORKER]
  const paths = writer.files.map(({ path }) => path).sort((a, b) => last.indexOf(a) - last.indexOf(b))
  return { paths, report: { version, models, bytes: sum(writer.files), first_visit } }
}

const SERVICE_WORKER = 'sw.js'
/** How the service worker begins, before the list of files. */
const SITE = 'self.SITE='

/** Writes files and records their sizes and digests. */
class SiteWriter {
  readonly files: SiteFile[] = []

  constructor(private readonly folder: string) {}

  async write({ path, content }: SitePart): Promise<SiteFile> {
    const target = join(this.folder, path)
    await mkdir(dirname(target), { recursive: true })
    if (typeof content === 'string') await writeFile(target, content)
    else await copyFile(content.file, target)
    const digest = createHash('sha256')
    for await (const chunk of createReadStream(target)) digest.update(chunk)
    const file = { path, bytes: (await stat(target)).size, sha256: digest.digest('hex') }
    this.files.push(file)
    return file
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** A folder name that is valid on all hosts. Two models never share one, not even where case does not matter. */
const folderName = (id: string, index: number): string => `${index + 1}-${id.replace(/[^\w.-]+/g, '-')}`

/**
 * The files of the site that the target contains.
 * @throws UsageError if there is something else, or a site that may not be replaced
 */
async function filesOfEarlierSite(target: string, overwrite: boolean): Promise<string[]> {
  const present = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw explain(target, error)
  })
  if (present.length === 0) return []
  const script = await readFile(join(target, SERVICE_WORKER), 'utf8').catch(() => '')
  const files = listedIn(script)
  if (!files)
    throw new UsageError(
      `${target}: is not empty and contains no site of spanforge`,
      'Choose another folder with --output_dir.',
    )
  if (!overwrite)
    throw new UsageError(`${target}: already contains a site`, 'Choose another folder, or update it with --overwrite.')
  return files
}

/** The files listed in a service worker; undefined if it is not one of a site. */
function listedIn(script: string): string[] | undefined {
  const [first] = script.split('\n', 1)
  if (!first.startsWith(SITE)) return undefined
  const { core, extras, onUse, large } = JSON.parse(first.slice(SITE.length).replace(/;$/, '')) as SiteCache
  const paths = [...core, ...extras, ...onUse, ...large].map(({ path }) => path)
  // Whatever the list says, only files of the folder are removed.
  return paths.filter((path) => !isAbsolute(path) && !path.split('/').includes('..'))
}

async function moveFiles(from: string, to: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    makeFolder(dirname(join(to, path)))
    await rename(join(from, path), join(to, path))
  }
}
