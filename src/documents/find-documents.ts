import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { basename, extname, join, resolve, sep } from 'node:path'
import { UsageError } from '../errors.ts'
import { cannotRead } from '../files/binary-file.ts'
import type { DocumentType } from './document.ts'

const TYPES: Readonly<Record<string, DocumentType>> = {
  '.txt': 'txt',
  '.text': 'txt',
  '.md': 'md',
  '.markdown': 'md',
  '.html': 'html',
  '.htm': 'html',
  '.xhtml': 'html',
  '.pdf': 'pdf',
  '.docx': 'docx',
}

/** Endings of files that are read as documents. */
export const DOCUMENT_ENDINGS: readonly string[] = Object.keys(TYPES)

export interface FoundDocument {
  /** Absolute path. */
  readonly path: string
  /** Name of the given folder and the path in it, with slashes. */
  readonly name: string
  readonly type: DocumentType
  readonly bytes: number
  /** Time of the last change in milliseconds. */
  readonly modified: number
}

export interface FoundDocuments {
  /** Sorted by name. */
  readonly documents: readonly FoundDocument[]
  /** Paths that are not read, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
  /** Number of files whose ending is not that of a document. */
  readonly other_files: number
}

/**
 * Finds the documents in files and folders. In folders, hidden files, files with other endings, and links to paths
 * outside the folder are not read.
 * @throws UsageError for a path that does not exist or if there is no document
 */
export async function findDocuments(paths: readonly string[], signal?: AbortSignal): Promise<FoundDocuments> {
  const documents = new Map<string, FoundDocument>()
  const skipped: { name: string; reason: string }[] = []
  const links: { path: string; name: string; root: string }[] = []
  let other_files = 0

  const add = (path: string, name: string, type: DocumentType, { size, mtimeMs }: Stats) => {
    if (!documents.has(path)) documents.set(path, { path, name, type, bytes: size, modified: Math.floor(mtimeMs) })
  }
  for (const given of paths) {
    const path = resolve(given)
    const found = statSync(path, { throwIfNoEntry: false })
    if (!found) throw new UsageError(`${given}: does not exist`, 'Check the path.')
    const name = basename(path) || path
    // A file that is named explicitly may have any ending. With an unknown one, it is read as text.
    if (!found.isDirectory()) add(path, name, typeOf(path) ?? 'txt', found)
    else await walk(path, name, realpathSync(path))
  }
  // A document keeps its own name if there are links to it, whatever the order of the entries of a folder.
  for (const link of links.sort(byName)) linked(link)
  if (documents.size === 0)
    throw new UsageError(
      `${paths.join(', ')}: found no documents`,
      `Documents are files that end with ${DOCUMENT_ENDINGS.join(', ')}.`,
    )
  return { documents: [...documents.values()].sort(byName), skipped, other_files }

  async function walk(folder: string, name: string, root: string): Promise<void> {
    signal?.throwIfAborted()
    const entries = await opendir(folder).catch((error) => void skipped.push({ name, reason: reasonOf(folder, error) }))
    if (!entries) return
    for await (const { name: entry } of entries) {
      if (entry.startsWith('.')) continue
      const path = join(folder, entry)
      const inside = `${name}/${entry}`
      const found = lstatSync(path, { throwIfNoEntry: false })
      if (found?.isSymbolicLink()) links.push({ path, name: inside, root })
      else if (found?.isDirectory()) await walk(path, inside, root)
      else if (found) file(path, inside, found)
    }
  }

  function file(path: string, name: string, found: Stats): void {
    const type = typeOf(path)
    if (!type) other_files++
    else if (found.isFile()) add(path, name, type, found)
    else skipped.push({ name, reason: 'not a regular file' })
  }

  /** Follows a link to a file in the same folder. Links to folders could form a circle and are not needed there. */
  function linked({ path, name, root }: (typeof links)[number]): void {
    if (!typeOf(path)) {
      other_files++
      return
    }
    try {
      const target = realpathSync(path)
      const found = statSync(target)
      if (!target.startsWith(`${root}${sep}`)) skipped.push({ name, reason: 'a link to a path outside the folder' })
      else if (found.isFile()) add(target, name, typeOf(path)!, found)
    } catch (error) {
      skipped.push({ name, reason: reasonOf(path, error) })
    }
  }
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

const typeOf = (path: string): DocumentType | undefined => TYPES[extname(path).toLowerCase()]

const reasonOf = (path: string, error: unknown): string => cannotRead(path, error).summary.replace(`${path}: `, '')
