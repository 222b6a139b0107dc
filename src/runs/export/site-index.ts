import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { SpanforgeError } from '../../errors.ts'
import { byteSize } from '../../report/render/format.ts'
import { copyToPublish } from '../../search/published-copy.ts'
import type { SiteCollection } from '../../site/export-site.ts'
import type { Screen } from '../screen/screen.ts'

/** Bytes of a compressed index that some hosts do not accept as a file, and that double a first visit. */
const LARGE = 25e6
/** Bytes of a compressed index that browsers should not have to keep in memory: it is about four times as large there. */
const TOO_LARGE = 100e6

/** Copies an index into `folder` in the form in which visitors of a site load it. */
export async function collectionOf(index: string, folder: string, screen: Screen): Promise<SiteCollection> {
  const [copy, file] = [join(folder, 'index.db'), join(folder, 'index.db.gz')]
  const { documents, passages } = await copyToPublish(index, copy)
  await pipeline(createReadStream(copy), createGzip({ level: 9 }), createWriteStream(file))
  const { size } = await stat(file)
  if (size > TOO_LARGE)
    throw new SpanforgeError(
      `${index}: the compressed index has ${byteSize(size)}, expected at most ${byteSize(TOO_LARGE)}, because browsers load all of it`,
      { remedy: 'Index fewer documents, or answer with a server: spanforge serve --index.' },
    )
  if (size > LARGE)
    screen.print(
      `Visitors download the whole index, ${byteSize(size)}, on their first visit, and some hosts do not accept files of this size. ` +
        'A server needs no download: spanforge serve --index.',
    )
  return { file, documents, passages }
}
