import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { type FileData, flushFolder, giveNewName, writeFileAtomic } from '../files/atomic.ts'
import { explain, makeFolder } from '../files/explain.ts'
import { checkOutputs } from '../files/output.ts'
import { showList } from '../show-value.ts'

export interface StagedFolderOptions {
  /** Replace existing files. */
  readonly overwrite?: boolean
}

/**
 * A folder that is written whole or not at all: its files are written next to it and get their places in `finish`.
 * Files that are already there are kept, and those with the same names are replaced only with `overwrite`.
 */
export class StagedFolder {
  private constructor(
    readonly target: string,
    /** Where the files are until `finish`. */
    readonly path: string,
    private readonly overwrite: boolean,
  ) {}

  /**
   * @param files paths of the files that will be written, relative to the folder
   * @throws UsageError if one of them exists
   */
  static async open(
    folder: string,
    files: readonly string[],
    { overwrite = false }: StagedFolderOptions = {},
  ): Promise<StagedFolder> {
    const target = resolve(folder)
    checkOutputs(
      files.map((file) => join(target, file)),
      { overwrite },
    )
    makeFolder(dirname(target))
    try {
      return new StagedFolder(target, await mkdtemp(join(dirname(target), `.${basename(target)}.`)), overwrite)
    } catch (error) {
      throw explain(target, error)
    }
  }

  async write(file: string, data: FileData): Promise<void> {
    const path = join(this.path, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFileAtomic(path, data)
  }

  async remove(file: string): Promise<void> {
    await rm(join(this.path, file), { force: true })
  }

  /** Moves all files to their places and returns their paths. */
  async finish(): Promise<string[]> {
    const files = await this.files()
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
    await rm(this.path, { recursive: true, force: true })
  }

  private async files(): Promise<string[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.path.length + 1))
      .sort()
  }

  private async place(file: string): Promise<boolean> {
    const [from, to] = [join(this.path, file), join(this.target, file)]
    makeFolder(dirname(to))
    try {
      if (this.overwrite) await rename(from, to)
      else if (!(await giveNewName(from, to))) return false
      await flushFolder(dirname(to))
      return true
    } catch (error) {
      throw explain(to, error)
    }
  }
}
