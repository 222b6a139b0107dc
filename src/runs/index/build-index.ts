import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DOCUMENT_LIMITS, type DocumentLimits, DocumentReader } from '../../documents/document-reader.ts'
import { type FoundDocument, type FoundDocuments, findDocuments } from '../../documents/find-documents.ts'
import { UsageError } from '../../errors.ts'
import { makeFolder } from '../../files/explain.ts'
import { withLock } from '../../files/lock.ts'
import { indexFile, openToRead } from '../../search/database.ts'
import { IndexWriter, type KnownFile, knownFiles } from '../../search/index-writer.ts'
import { PassageIndex } from '../../search/passage-index.ts'
import type { IndexFacts } from '../../search/passage-search.ts'
import { checkFormat, DEFAULT_SETTINGS, factOf, type IndexSettings } from '../../search/schema.ts'
import { reading } from '../../search/search-database.ts'
import { noScreen, type Screen } from '../screen/screen.ts'

export interface BuildIndexOptions extends Partial<IndexSettings> {
  /** Folder of the index. */
  readonly output_dir: string
  readonly limits?: Partial<DocumentLimits>
  /** Create the index again instead of updating it. */
  readonly overwrite?: boolean
  readonly screen?: Screen
  readonly signal?: AbortSignal
}

/** The result of an update of an index, as printed by `spanforge index --json`. */
export interface BuiltIndex extends IndexFacts {
  readonly folder: string
  readonly added: number
  readonly changed: number
  readonly removed: number
  readonly unchanged: number
  /** Documents that could not be read, and paths that were not followed, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
  /** Number of files in the folders that are not of a supported type. */
  readonly other_files: number
  /** Duration in seconds. */
  readonly runtime: number
}

/**
 * Creates or updates an index, so that it has exactly the documents in `sources`: files, and folders with everything
 * in them. Without `sources`, those of the existing index are read again. Unchanged documents are not read. If the
 * process is killed, the index is as before, and the same call resumes.
 * @throws UsageError for a source that does not exist, or an existing index with other settings
 */
export async function buildIndex(sources: readonly string[], options: BuildIndexOptions): Promise<BuiltIndex> {
  const { output_dir, screen = noScreen, signal } = options
  makeFolder(output_dir)
  return withLock(join(output_dir, 'index.lock'), () => update(sources, options), {
    guards: output_dir,
    remedy: 'choose another --output_dir',
    onWait: () => screen.print(`Another process is writing ${output_dir}: waiting for it to finish.`),
    onDoubt: screen.print,
    signal,
  })
}

async function update(given: readonly string[], options: BuildIndexOptions): Promise<BuiltIndex> {
  const { output_dir, screen = noScreen, signal, overwrite = false } = options
  const began = performance.now()
  const path = indexFile(output_dir)
  const before = existsSync(path) && !overwrite ? stateOf(path) : undefined
  const settings = settingsOf(options, before?.settings, path)
  const sources = sourcesOf(given, before?.sources, output_dir)
  const found = await findDocuments(sources, signal)
  const limits = { ...DOCUMENT_LIMITS, ...options.limits }

  const hasPartial = existsSync(`${path}.partial`)
  const counts = { added: 0, changed: 0, removed: 0, unchanged: found.documents.length }
  const isCurrent = before && !hasPartial && planOf(found, before, limits).isEmpty
  if (!isCurrent) {
    const writer = await IndexWriter.open(output_dir, settings, overwrite)
    try {
      Object.assign(counts, await changeAll(writer, found, limits, options))
      await writer.finish(sources, limits)
    } catch (error) {
      writer.leave()
      if (signal?.aborted && error === signal.reason)
        screen.print('Stopped. What has been read is saved. Run the same command again to resume.')
      throw error
    }
  }
  const index = PassageIndex.open(output_dir)
  const { facts } = index
  const problems = problemsOf(path)
  index.close()
  const runtime = (performance.now() - began) / 1000
  const skipped = [...found.skipped, ...problems]
  return { folder: output_dir, ...facts, ...counts, skipped, other_files: found.other_files, runtime }
}

interface IndexState {
  readonly settings: IndexSettings
  readonly sources: readonly string[]
  /** Limits of the last update. */
  readonly limits: DocumentLimits | undefined
  readonly known: readonly KnownFile[]
}

function stateOf(path: string): IndexState {
  const { database, close } = reading(path, () => openToRead(path))
  try {
    return reading(path, () => {
      checkFormat(database, path)
      const settings = factOf<IndexSettings>(database, 'settings')!
      const sources = factOf<string[]>(database, 'sources')!
      const limits = factOf<DocumentLimits>(database, 'limits')
      return { settings, sources, limits, known: knownFiles(database) }
    })
  } finally {
    close()
  }
}

function problemsOf(path: string): { name: string; reason: string }[] {
  return stateOf(path)
    .known.filter(({ problem }) => problem !== null)
    .map(({ name, problem }) => ({ name, reason: problem! }))
}

function settingsOf(
  { stemming }: Partial<IndexSettings>,
  before: IndexSettings | undefined,
  path: string,
): IndexSettings {
  if (before && stemming !== undefined && stemming !== before.stemming)
    throw new UsageError(
      `${path}: was created with --stemming ${before.stemming}, found --stemming ${stemming}`,
      'Omit the flag, or create the index again with --overwrite.',
    )
  return before ?? { ...DEFAULT_SETTINGS, ...(stemming && { stemming }) }
}

function sourcesOf(given: readonly string[], before: readonly string[] | undefined, folder: string): readonly string[] {
  if (given.length > 0) return given.map((source) => resolve(source))
  if (before) return before
  throw new UsageError(
    `index: found no documents to read, and no index in ${folder} to update`,
    'Name files or folders.',
  )
}

interface UpdatePlan {
  /** Files that are new, whose size or time has changed, or that are tried again, with what is known about them. */
  readonly read: readonly { readonly file: FoundDocument; readonly known?: KnownFile }[]
  readonly gone: readonly KnownFile[]
  readonly unchanged: number
  readonly isEmpty: boolean
}

/** Files that could not be opened are tried again, and those that could not be read if the limits are different. */
function planOf(
  { documents }: FoundDocuments,
  before: Pick<IndexState, 'known' | 'limits'>,
  limits: DocumentLimits,
): UpdatePlan {
  const hasSameLimits = JSON.stringify(before.limits) === JSON.stringify(limits)
  const byPath = new Map(before.known.map((one) => [one.path, one]))
  const read: { file: FoundDocument; known?: KnownFile }[] = []
  for (const file of documents) {
    const one = byPath.get(file.path)
    byPath.delete(file.path)
    const isSame = one?.bytes === file.bytes && one.modified === file.modified && one.name === file.name
    const isSettled = one?.problem == null || (hasSameLimits && (one.digest !== null || file.bytes > limits.max_bytes))
    if (!isSame || !isSettled) read.push({ file, known: one })
  }
  const gone = [...byPath.values()]
  const unchanged = documents.length - read.length
  return { read, gone, unchanged, isEmpty: read.length === 0 && gone.length === 0 }
}

async function changeAll(
  writer: IndexWriter,
  found: FoundDocuments,
  limits: DocumentLimits,
  { screen = noScreen, signal }: BuildIndexOptions,
) {
  const { read, gone, unchanged } = planOf(found, writer, limits)
  if (writer.isResumed)
    screen.print(`Resuming an interrupted run: ${unchanged.toLocaleString('en-US')} documents are already read.`)
  const counts = { added: 0, changed: 0, removed: gone.length, unchanged }
  for (const { id } of gone) writer.remove(id)
  const reader = new DocumentReader(limits)
  const progress = screen.counting('Indexing', 'documents', read.length)
  try {
    for (const [i, { file, known }] of read.entries()) {
      signal?.throwIfAborted()
      const result = await reader.read(file.path, file.type, known?.problem ? undefined : (known?.digest ?? undefined))
      if ('unchanged' in result) {
        writer.touch(file)
        counts.unchanged++
      } else {
        if ('document' in result) writer.put(file, result.digest, result.document)
        else {
          writer.putProblem(file, result.digest, result.problem)
          progress.note(`Skipped ${file.name}: ${result.problem}`)
        }
        counts[known ? 'changed' : 'added']++
      }
      progress.update(i + 1)
    }
  } finally {
    progress.stop()
    await reader.end()
  }
  return counts
}
