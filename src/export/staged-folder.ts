import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { UsageError } from '../errors.ts'
import { type FileData, flushFolder, giveNewName, writeFileAtomic } from '../files/atomic.ts'
import { explain, makeFolder } from '../files/explain.ts'
import { acquireLock, isLocked, type Lock } from '../files/lock.ts'
import { checkOutputs } from '../files/output.ts'
import { showList } from '../show-value.ts'

export interface StagedFolderOptions {
  /** Replace existing files. */
  readonly overwrite?: boolean
  /** Files that are replaced in any case. */
  readonly replaceable?: readonly string[]
}

/** Long names are shortened, because those of temporary folders are longer. */
const MAX_NAME_LENGTH = 60

/** File in a temporary folder that its process holds until the folder is complete. */
const LOCK = '.lock'

/** Returns the beginning of the paths of a target's temporary folders. */
const beginning = (target: string): string => join(dirname(target), `.${basename(target).slice(0, MAX_NAME_LENGTH)}.`)

/** Removes the temporary folders of processes that were killed while they wrote the same target. */
async function removeAbandoned(target: string): Promise<void> {
  const start = basename(beginning(target))
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(start) || !/^[0-9a-f]{12}$/.test(name.slice(start.length))) continue
    const folder = join(dirname(target), name)
    const lock = join(folder, LOCK)
    if (existsSync(lock) && !(await isLocked(lock))) await rm(folder, { recursive: true, force: true })
  }
}

export interface LockedFolder {
  readonly path: string
  /** Held until the folder gets its name or is removed. */
  readonly lock: Lock
}

/**
 * Creates a folder next to `target`, and removes those of processes that were killed while they wrote the same target.
 */
export async function makeTemporaryFolder(target: string): Promise<LockedFolder> {
  makeFolder(dirname(target))
  await removeAbandoned(target)
  const path = `${beginning(target)}${randomBytes(6).toString('hex')}`
  try {
    await mkdir(path)
    return { path, lock: await acquireLock(join(path, LOCK), { guards: path, remedy: 'use another output folder.' }) }
  } catch (error) {
    throw explain(target, error)
  }
}

/**
 * A folder that is written completely or not at all: its files are written to a temporary folder next to it and moved
 * into place by `finish`. Existing files are kept; those with the same names are replaced only with `overwrite` or if
 * they are `replaceable`.
 */
export class StagedFolder {
  private constructor(
    readonly target: string,
    /** The folder that contains the files until `finish`. */
    readonly path: string,
    private readonly isReplaced: (file: string) => boolean,
    /** Shows other processes that this one is writing. */
    private readonly lock: Lock,
  ) {}

  /**
   * @param files paths of the files that will be written, relative to the folder
   * @throws UsageError if one of them exists
   */
  static async open(
    folder: string,
    files: readonly string[],
    { overwrite = false, replaceable = [] }: StagedFolderOptions = {},
  ): Promise<StagedFolder> {
    const target = resolve(folder)
    const isReplaced = (file: string) => overwrite || replaceable.includes(file)
    const outputs = (wanted: boolean) =>
      files.filter((file) => isReplaced(file) === wanted).map((file) => join(target, file))
    checkOutputs(outputs(true), { overwrite: true })
    checkOutputs(outputs(false), { overwrite: false })
    if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() && !existsSync(target))
      throw new UsageError(
        `${target}: is a symbolic link to a folder that does not exist`,
        'Create that folder, or use another output folder.',
      )
    const { path, lock } = await makeTemporaryFolder(target)
    return new StagedFolder(target, path, isReplaced, lock)
  }

  async write(file: string, data: FileData): Promise<void> {
    const path = join(this.path, file)
    makeFolder(dirname(path))
    await writeFileAtomic(path, data)
  }

  async remove(file: string): Promise<void> {
    await rm(join(this.path, file), { force: true })
  }

  /** Moves all files into place and returns their paths. */
  async finish(): Promise<string[]> {
    this.lock.release()
    const files = await this.files()
    if (await this.isNowTarget()) return files
    makeFolder(this.target)
    const taken: string[] = []
    for (const file of files) if (!(await this.place(file))) taken.push(file)
    await this.abandon()
    if (taken.length > 0)
      throw new UsageError(
        `${this.target}: ${showList(taken, 3)} appeared during the export and would be overwritten`,
        'Export again into another folder.',
      )
    return files
  }

  /** Removes everything that was written. Does nothing after `finish`. */
  async abandon(): Promise<void> {
    this.lock.release()
    await rm(this.path, { recursive: true, force: true })
  }

  /** Gives the whole folder its name if the name is free. */
  private async isNowTarget(): Promise<boolean> {
    if (lstatSync(this.target, { throwIfNoEntry: false })) return false
    try {
      await rename(this.path, this.target)
    } catch {
      // A file or folder with this name has appeared meanwhile.
      return false
    }
    await flushFolder(dirname(this.target))
    return true
  }

  /** All files, those in subfolders first, so that the files that describe them appear last. */
  private async files(): Promise<string[]> {
    const depth = (path: string) => path.split(sep).length
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1))
      .sort((a, b) => depth(b) - depth(a) || (a < b ? -1 : 1))
  }

  private async place(file: string): Promise<boolean> {
    const [from, to] = [join(this.path, file), join(this.target, file)]
    makeFolder(dirname(to))
    try {
      if (this.isReplaced(file)) await rename(from, to)
      else if (!(await giveNewName(from, to))) return false
      await flushFolder(dirname(to))
      return true
    } catch (error) {
      throw explain(to, error)
    }
  }
}
