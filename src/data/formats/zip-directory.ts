import { inflateRawSync } from 'node:zlib'
import { DataProblem } from '../../squad/reading/data-problem.ts'

export interface ZipEntry {
  readonly name: string
  readonly packed: number
  /** Uncompressed size that the archive declares. Unpacking must not exceed it. */
  readonly unpacked: number
  readonly isStored: boolean
  /** Offset of its header in the archive. */
  readonly header: number
}

const END_OF_DIRECTORY = 0x06054b50
const ENTRY = 0x02014b50
const NOT_HERE = 0xffffffff
const MAX_COMMENT_LENGTH = 0xffff

/**
 * Reads the central directory of a zip archive (APPNOTE 4.3.12), which declares the sizes of its files.
 * @throws DataProblem for an invalid archive, or one that needs ZIP64
 */
export function zipEntries(bytes: Uint8Array, path: string): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = endOfDirectory(view)
  if (end === undefined) throw corrupted(path, 'its central directory is missing')
  // Readers with ZIP64 support would use a different central directory.
  if (view.getUint32(end + 12, true) === NOT_HERE) throw corrupted(path, 'its central directory is corrupted')
  const entries: ZipEntry[] = []
  let at = view.getUint32(end + 16, true)
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== ENTRY)
      throw corrupted(path, 'its central directory is corrupted')
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

/** @throws DataProblem for a file that is missing, corrupted or larger than the central directory declares */
export function unpackEntry(bytes: Uint8Array, entry: ZipEntry, path: string): Uint8Array {
  const { name, header, packed, unpacked, isStored } = entry
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (header + 30 > view.byteLength) throw corrupted(path, `${name} is missing`)
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true)
  const content = bytes.subarray(start, start + packed)
  if (isStored) return content
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, unpacked) })
  } catch {
    throw corrupted(path, `${name} does not unpack to its declared size`)
  }
}

/** Maximum compression ratio. Tables of text compress to about a tenth; a zip bomb has a far higher ratio. */
const MAX_RATIO = 100
const SMALL = 16 * 2 ** 20

/**
 * @throws DataProblem for an archive that is larger than `limit`, has a suspicious compression ratio, or does not
 * declare the sizes of its files
 */
export function checkUnpackedSize(entries: readonly ZipEntry[], limit: number, path: string): void {
  const packedTotal = entries.reduce((sum, { packed }) => sum + packed, 0)
  const max = Math.min(limit, Math.max(SMALL, MAX_RATIO * packedTotal))
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0)
  const silent = entries.find(
    ({ packed, unpacked, name, isStored }) =>
      unpacked === 0 && packed !== 2 && !name.endsWith('/') && (packed > 0 || !isStored),
  )
  if (silent) throw corrupted(path, `${silent.name} does not declare its size`)
  if (total <= max) return
  const megabytes = (count: number) => `${Math.ceil(count / 2 ** 20).toLocaleString('en-US')} MB`
  throw new DataProblem('unreadable', path, `unpacks to ${megabytes(total)}; the maximum is ${megabytes(max)}`, {
    remedy: 'Save the table as "CSV UTF-8".',
  })
}

function endOfDirectory(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - 22 - MAX_COMMENT_LENGTH)
  for (let at = view.byteLength - 22; at >= first; at--) if (view.getUint32(at, true) === END_OF_DIRECTORY) return at
  return undefined
}

const corrupted = (path: string, reason: string): DataProblem =>
  new DataProblem('unreadable', path, `a corrupted zip archive (${reason})`, {
    remedy: 'It may be truncated. Copy or download it again.',
  })
