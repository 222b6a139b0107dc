import { createHash } from 'node:crypto'

export interface ServedFile {
  readonly path: string
  readonly content: Buffer
  readonly lfs: boolean
  /** Git's SHA-1 of the content or, for a large file, of its LFS pointer. */
  readonly oid: string
  readonly sha256: string
}

export interface RepositoryOptions {
  readonly access?: 'public' | 'private' | 'gated'
  /** The parsed metadata of the README. */
  readonly card?: Readonly<Record<string, unknown>>
}

/** A repository of the test hub with all its commits. */
export class ServedRepository {
  readonly refs = new Map<string, string>()
  readonly commits = new Map<string, Map<string, ServedFile>>()

  constructor(
    readonly type: 'model' | 'dataset',
    readonly name: string,
    readonly options: RepositoryOptions = {},
  ) {}

  /** Adds and replaces files; returns the new commit. */
  commit(files: Readonly<Record<string, string | Uint8Array>>, branch = 'main'): string {
    const all = new Map(this.commits.get(this.refs.get(branch) ?? ''))
    for (const [path, content] of Object.entries(files)) all.set(path, servedFile(path, Buffer.from(content)))
    const state = [this.name, this.commits.size, ...[...all].map(([path, { oid }]) => `${path} ${oid}`)].join('\n')
    const sha = createHash('sha1').update(state).digest('hex')
    this.commits.set(sha, all)
    this.refs.set(branch, sha)
    return sha
  }

  at(revision: string): { readonly sha: string; readonly files: ReadonlyMap<string, ServedFile> } | undefined {
    const sha = this.refs.get(revision) ?? revision
    const files = this.commits.get(sha)
    return files && { sha, files }
  }
}

const gitHash = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')

function servedFile(path: string, content: Buffer): ServedFile {
  const lfs = /\.(safetensors|bin|parquet|h5|png)$/.test(path)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${content.length}\n`
  return { path, content, lfs, sha256, oid: gitHash(lfs ? Buffer.from(pointer) : content) }
}

/** A file in the format of `?blobs=true`. */
export const sibling = ({ path, content, lfs, oid, sha256 }: ServedFile): object => ({
  rfilename: path,
  size: content.length,
  blobId: oid,
  ...(lfs ? { lfs: { sha256, size: content.length, pointerSize: 130 } } : {}),
})

/** A file or folder in the format of the tree and paths-info responses. */
interface Entry {
  readonly type: 'file' | 'directory'
  readonly path: string
  readonly size: number
  readonly oid: string
  readonly lfs?: object
}

const fileEntry = ({ path, content, lfs, oid, sha256 }: ServedFile): Entry => ({
  type: 'file',
  path,
  size: content.length,
  oid,
  ...(lfs ? { lfs: { oid: sha256, size: content.length, pointerSize: 130 } } : {}),
})

/** Lists the files and folders in a folder ('' for the root), including subfolders if `recursive`. */
export function tree(files: readonly ServedFile[], folder: string, recursive: boolean): Entry[] {
  const prefix = folder === '' ? '' : `${folder}/`
  const all = new Map<string, Entry>()
  for (const file of files) {
    if (!file.path.startsWith(prefix)) continue
    const parts = file.path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/')
      if (path.startsWith(prefix)) all.set(path, { type: 'directory', path, size: 0, oid: '0'.repeat(40) })
    }
    all.set(file.path, fileEntry(file))
  }
  return [...all.values()].filter(({ path }) => recursive || !path.slice(prefix.length).includes('/'))
}
