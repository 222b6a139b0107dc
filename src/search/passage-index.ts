import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from '../errors.ts'
import { indexFile, type OpenDatabase, openToRead } from './database.ts'
import { PassageSearch } from './passage-search.ts'
import { reading } from './search-database.ts'

/**
 * An index made by `spanforge index`, opened for reading. It does not change while it is open: after the index has been
 * updated, open it again.
 */
export class PassageIndex extends PassageSearch {
  private constructor(
    readonly folder: string,
    private readonly opened: OpenDatabase,
  ) {
    super(opened.database, indexFile(folder))
  }

  /** @throws UsageError if there is no index in the folder; SpanforgeError if it is corrupted */
  static open(folder: string): PassageIndex {
    const path = indexFile(folder)
    if (statSync(folder, { throwIfNoEntry: false })?.isFile())
      throw new UsageError(`${folder}: expected the folder of an index, found a file`, `Use ${dirname(folder)}.`)
    if (!existsSync(path))
      throw new UsageError(
        `${folder}: there is no index (${path} does not exist)`,
        existsSync(`${path}.partial`)
          ? 'Its creation was interrupted. Run "spanforge index" again to resume.'
          : `Create it: spanforge index DOCS --output_dir ${folder}`,
      )
    const opened = reading(path, () => openToRead(path))
    try {
      return new PassageIndex(folder, opened)
    } catch (error) {
      opened.close()
      throw error
    }
  }

  close(): void {
    this.opened.close()
  }
}
