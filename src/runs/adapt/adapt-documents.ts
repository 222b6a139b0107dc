/** The documents that a model is adapted to, as passages: files, data files with contexts, and indexes. */

import { existsSync, statSync } from 'node:fs'
import { basename, resolve, sep } from 'node:path'
import { formatOfName } from '../../data/format.ts'
import { eachExample } from '../../data/read-examples.ts'
import { DocumentBuilder } from '../../documents/document.ts'
import { type DocumentLimits, DocumentReader } from '../../documents/document-reader.ts'
import { type FoundDocuments, findDocuments } from '../../documents/find-documents.ts'
import { indexFile } from '../../search/database.ts'
import { PassageIndex } from '../../search/passage-index.ts'
import { cutPassages } from '../../search/passages.ts'
import type { Screen } from '../screen/screen.ts'

export interface AdaptDocument {
  readonly name: string
  readonly passages: readonly string[]
}

/** A document that cannot be read, with the reason. */
export interface SkippedDocument {
  readonly name: string
  readonly reason: string
}

export interface DocumentsOptions {
  readonly limits?: Partial<DocumentLimits>
  /** Output folder, whose report and model card are not used as documents. */
  readonly output_dir: string
  readonly screen: Screen
  readonly signal?: AbortSignal
  readonly onSkipped: (skipped: SkippedDocument) => void
  /** Receives the number of files in folders whose endings are not those of documents. */
  readonly onOtherFiles: (count: number) => void
}

/**
 * Reads documents one after the other. The contexts of a data file are grouped by title and kept in memory.
 * @throws UsageError for a source that does not exist
 * @throws DataProblem for a data file that cannot be read
 */
export async function* eachDocument(
  sources: readonly string[],
  options: DocumentsOptions,
): AsyncGenerator<AdaptDocument> {
  const kinds = { files: [] as string[], data: [] as string[], indexes: [] as string[] }
  for (const source of new Set(sources.map((path) => resolve(path)))) kinds[kindOf(source)].push(source)
  const found = kinds.files.length > 0 ? await findDocuments(kinds.files, options.signal) : undefined
  if (found) yield* readFiles(withoutFolder(found, options.output_dir), options)
  for (const path of kinds.data.sort()) yield* readContexts(path, options)
  for (const folder of kinds.indexes.sort()) yield* readIndex(folder, options)
}

function kindOf(source: string): 'files' | 'data' | 'indexes' {
  const found = statSync(source, { throwIfNoEntry: false })
  if (found?.isDirectory() && existsSync(indexFile(source))) return 'indexes'
  return found?.isFile() && formatOfName(source) ? 'data' : 'files'
}

function withoutFolder(found: FoundDocuments, folder: string): FoundDocuments {
  const inside = resolve(folder) + sep
  return { ...found, documents: found.documents.filter(({ path }) => !path.startsWith(inside)) }
}

async function* readFiles(found: FoundDocuments, options: DocumentsOptions): AsyncGenerator<AdaptDocument> {
  const { limits, screen, signal, onSkipped, onOtherFiles } = options
  onOtherFiles(found.other_files)
  for (const skipped of found.skipped) onSkipped(skipped)
  const reader = new DocumentReader(limits)
  const progress = screen.counting('Reading', 'documents', found.documents.length)
  try {
    for (const [i, { path, name, type }] of found.documents.entries()) {
      signal?.throwIfAborted()
      const result = await reader.read(path, type)
      if ('document' in result) yield { name, passages: textsOf(cutPassages(result.document)) }
      else if ('problem' in result) onSkipped({ name, reason: result.problem })
      progress.update(i + 1)
    }
  } finally {
    progress.stop()
    await reader.end()
  }
}

const textsOf = (passages: readonly { readonly text: string }[]): string[] => passages.map(({ text }) => text)

/** Reads the contexts of questions as documents, one for each title. The questions are not used. */
async function* readContexts(path: string, { signal }: DocumentsOptions): AsyncGenerator<AdaptDocument> {
  const byTitle = new Map<string, Set<string>>()
  for await (const { title = '', context } of eachExample(path)) {
    signal?.throwIfAborted()
    const contexts = byTitle.get(title)
    if (contexts) contexts.add(context)
    else byTitle.set(title, new Set([context]))
  }
  for (const [title, contexts] of byTitle) {
    const builder = new DocumentBuilder(Number.POSITIVE_INFINITY)
    for (const text of contexts) builder.add({ text })
    const name = title === '' ? basename(path) : `${basename(path)}: ${title}`
    yield { name, passages: textsOf(cutPassages(builder.build('txt'))) }
  }
}

async function* readIndex(folder: string, { screen, signal }: DocumentsOptions): AsyncGenerator<AdaptDocument> {
  const index = PassageIndex.open(folder)
  const documents = index.documents()
  const progress = screen.counting('Reading', 'documents', documents.length)
  try {
    for (const [i, { id, name }] of documents.entries()) {
      signal?.throwIfAborted()
      yield { name, passages: index.passagesOf(id) }
      progress.update(i + 1)
    }
  } finally {
    progress.stop()
    index.close()
  }
}
