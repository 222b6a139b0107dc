import { copyFile } from 'node:fs/promises'
import { indexFile, openToWrite } from './database.ts'
import { PassageIndex } from './passage-index.ts'
import type { IndexFacts } from './passage-search.ts'
import { reading } from './search-database.ts'

/**
 * Copies an index for publication: without paths of this machine, and without the files that could not be read. Equal
 * indexes have equal copies.
 * @throws UsageError if there is no index in the folder; SpanforgeError if it is corrupted
 */
export async function copyToPublish(folder: string, target: string): Promise<IndexFacts> {
  const index = PassageIndex.open(folder)
  const { facts } = index
  index.close()
  await copyFile(indexFile(folder), target)
  const database = openToWrite(target)
  try {
    reading(indexFile(folder), () =>
      // Vacuum also removes the deleted text from the file.
      database.exec(
        `delete from documents where problem is not null;
         update documents set path = id, bytes = 0, modified = 0, digest = null;
         delete from facts where name in ('sources', 'limits');
         vacuum`,
      ),
    )
  } finally {
    database.close()
  }
  return facts
}
