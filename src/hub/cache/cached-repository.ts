import { createHash, type Hash, randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { UsageError } from '../../errors.ts'
import { writeFileAtomic } from '../../files/atomic.ts'
import { isUnsupported } from '../../files/explain.ts'
import type { Repository } from '../http/repository.ts'

/**
 * A repository's folder in the cache. The layout is that of Python's huggingface_hub, so both tools share one cache:
 *
 *     models--owner--name/
 *       refs/main                          the commit that a branch or tag pointed to when last queried
 *       snapshots/COMMIT/config.json ->    ../../blobs/HASH, a relative link
 *       blobs/HASH                         contents, by SHA-256 (large files) or git's SHA-1 (others)
 *     .locks/models--owner--name/HASH.lock
 *
 * spanforge adds `blobs/HASH.spanforge.incomplete` (a partial download), locks named `.spanforge.lock` (one for each
 * blob and one for the repository), and `.spanforge/COMMIT.json` (the hub's file list of a commit, for offline use).
 * Python ignores all three.
 */
export class CachedRepository {
  readonly folder: string
  private readonly locks: string

  constructor(cache: string, { type, name }: Repository) {
    const folder = [`${type}s`, ...name.split('/')].join('--')
    this.folder = join(cache, folder)
    this.locks = join(cache, '.locks', folder)
  }

  blob = (hash: string): string => join(this.folder, 'blobs', hash)
  incomplete = (hash: string): string => `${this.blob(hash)}.spanforge.incomplete`
  lock = (hash: string): string => join(this.locks, `${hash}.spanforge.lock`)
  /** Held while files are downloaded into this folder or removed from it. */
  repositoryLock = (): string => this.lock('repository')
  snapshot = (commit: string): string => join(this.folder, 'snapshots', commit)
  listing = (commit: string): string => join(this.folder, '.spanforge', `${commit}.json`)

  /** The commit that a branch or tag pointed to when last queried, or undefined if the cache does not know it. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision
    const text = await readFile(this.ref(revision), 'utf8').catch(() => '')
    return isCommit(text.trim()) ? text.trim() : undefined
  }

  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit || (await this.commitOf(revision)) === commit) return
    await mkdir(dirname(this.ref(revision)), { recursive: true })
    await writeFileAtomic(this.ref(revision), commit)
  }

  private ref(revision: string): string {
    if (revision.split('/').every((part) => /^[\w][\w.+-]*$/.test(part) && !part.includes('..')))
      return join(this.folder, 'refs', ...revision.split('/'))
    throw new UsageError(
      `invalid revision "${revision}"`,
      'Expected a branch, a tag or a commit, such as main or v1.0.',
    )
  }

  /** Adds a blob to a snapshot under its file name. */
  async link(commit: string, path: string, hash: string): Promise<void> {
    const name = join(this.snapshot(commit), path)
    await mkdir(dirname(name), { recursive: true })
    const aside = `${name}.${randomUUID()}`
    try {
      await symlink(relative(dirname(name), this.blob(hash)), aside)
    } catch (error) {
      // Windows allows links only in developer mode, and some file systems have none. Copy instead, as Python does.
      if (!isUnsupported(error)) throw error
      await copyFile(this.blob(hash), aside, constants.COPYFILE_FICLONE)
    }
    await rename(aside, name).catch(async (error) => {
      await rm(aside, { force: true })
      throw error
    })
  }

  /** Whether a snapshot contains this file, with the expected size if one is given. */
  async has(commit: string, path: string, size?: number): Promise<boolean> {
    const name = join(this.snapshot(commit), path)
    const found = await stat(name).catch(() => undefined)
    return found?.isFile() === true && (size === undefined || found.size === size)
  }
}

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)

/** Starts the kind of hash that `hash` is: SHA-256 for 64 digits, git's SHA-1, which includes the size, for 40. */
export function digestLike(hash: string, size: number): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
}

/** Adds the first `end` bytes of a file to a hash, which can be continued afterwards. */
export async function digestFile(path: string, digest: Hash, end: number): Promise<Hash> {
  if (end === 0) return digest
  for await (const chunk of createReadStream(path, { end: end - 1, highWaterMark: 1 << 20 })) digest.update(chunk)
  return digest
}
