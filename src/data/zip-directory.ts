import { inflateRawSync } from 'node:zlib'
import { DataProblem } from '../squad/reading/data-problem.ts'

export interface ZipEntry {
  readonly name: string
  readonly packed: number
  /** What the archive says; a reader that believes it must not unpack more. */
  readonly unpacked: number
  readonly isStored: boolean
  /** Offset of its header in the archive. */
  readonly header: number
}

const END_OF_DIRECTORY = 0x06054b50
const ENTRY = 0x02014b50
const NOT_HERE = 0xffffffff
const LONGEST_COMMENT = 0xffff

/**
 * The table of contents of a zip archive (APPNOTE 4.3.12), to know how large its files are before they are unpacked.
 * @throws DataProblem for what is no archive, or one that needs ZIP64
 */
export function zipEntries(bytes: Uint8Array, path: string): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = endOfDirectory(view)
  if (end === undefined) throw damaged(path, 'its table of contents is missing')
  // Readers that know ZIP64 would look for another table of contents than this one.
  if (view.getUint32(end + 12, true) === NOT_HERE) throw damaged(path, 'its table of contents is broken')
  const entries: ZipEntry[] = []
  let at = view.getUint32(end + 16, true)
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== ENTRY)
      throw damaged(path, 'its table of contents is broken')
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true))
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + lengths[0]))
    entries.push({
      name,
      packed: view.getUint32(at + 20, true),
      unpacked: view.getUint32(at + 24, true),
      isStored: view.getUint16(at + 10, true) === 0,
      header: view.getUint32(at + 42, true),
    })
    at += 46 + lengths[0] + lengths[1] + lengths[2]
  }
  return entries
}

/** @throws DataProblem for a file that is not packed as the table of contents says, or is larger */
export function unpackEntry(bytes: Uint8Array, entry: ZipEntry, path: string): Uint8Array {
  const { name, header, packed, unpacked, isStored } = entry
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (header + 30 > view.byteLength) throw damaged(path, `${name} is missing`)
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true)
  const content = bytes.subarray(start, start + packed)
  if (isStored) return content
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, unpacked) })
  } catch {
    throw damaged(path, `${name} cannot be unpacked to the size that it states`)
  }
}

/** A table of texts is packed to a tenth; more than this is made of almost nothing but repetition. */
const MOST_REPETITION = 100
const SMALL = 16 * 2 ** 20

/**
 * @throws DataProblem for an archive whose files are larger together, are packed as only repetition can be, or do not
 * say how large they are
 */
export function checkUnpackedSize(entries: readonly ZipEntry[], limit: number, path: string): void {
  const packedTotal = entries.reduce((sum, { packed }) => sum + packed, 0)
  const most = Math.min(limit, Math.max(SMALL, MOST_REPETITION * packedTotal))
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0)
  const silent = entries.find(
    ({ packed, unpacked, name, isStored }) =>
      unpacked === 0 && packed !== 2 && !name.endsWith('/') && (packed > 0 || !isStored),
  )
  if (silent) throw damaged(path, `${silent.name} does not say how large it is`)
  if (total <= most) return
  const megabytes = (count: number) => `${Math.ceil(count / 2 ** 20).toLocaleString('en-US')} MB`
  throw new DataProblem('unreadable', path, `unpacks to ${megabytes(total)}; at most ${megabytes(most)} are read`, {
    remedy: 'Save the table as "CSV UTF-8".',
  })
}

function endOfDirectory(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - 22 - LONGEST_COMMENT)
  for (let at = view.byteLength - 22; at >= first; at--) if (view.getUint32(at, true) === END_OF_DIRECTORY) return at
  return undefined
}

const damaged = (path: string, reason: string): DataProblem =>
  new DataProblem('unreadable', path, `a damaged zip archive (${reason})`, {
    remedy: 'It may have been cut off: copy or download it again.',
  })
