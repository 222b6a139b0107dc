import { SpanforgeError } from '../errors.ts'
import type { BinaryFile } from '../files/binary-file.ts'
import { showText } from '../show-value.ts'

/** The position of an entry's bytes in the file. */
export interface StoredEntry {
  readonly position: number
  readonly size: number
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
/** A state dict needs about 100 bytes per tensor. */
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20
const MAX_ENTRIES = 10_000
const MAX_NAME_LENGTH = 1024
/** Value of a 32-bit or 16-bit field whose actual value is in the zip64 field. */
const ELSEWHERE_32 = 0xffffffff
const ELSEWHERE_16 = 0xffff

/**
 * Lists the entries of a zip archive written by torch.save: always stored uncompressed, with zip64 fields if large. See
 * APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
 */
export async function readZip(file: BinaryFile): Promise<ReadonlyMap<string, StoredEntry>> {
  const { position, size, count } = await findDirectory(file)
  if (size > MAX_DIRECTORY_BYTES) corrupted(file, `a directory of ${size} bytes`)
  if (count > MAX_ENTRIES) corrupted(file, `a directory of ${count} entries, expected at most ${MAX_ENTRIES}`)
  const directory = Buffer.from((await file.read(position, size, 'the zip directory')).buffer)
  const entries = new Map<string, StoredEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || directory.readUInt32LE(at) !== CENTRAL) corrupted(file, `no entry ${i} of ${count}`)
    const end =
      at + 46 + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
    if (end > size) corrupted(file, `entry ${i} is truncated`)
    const { name, ...place } = parseEntry(file, directory.subarray(at, end))
    if (entries.has(name)) corrupted(file, `two entries named ${showText(name)}`)
    entries.set(name, await locate(file, name, place))
    at = end
  }
  rejectOverlaps(file, entries)
  return entries
}

/** Rejects overlapping entries, with which a small archive could claim a huge size. torch.save never writes them. */
function rejectOverlaps(file: BinaryFile, entries: ReadonlyMap<string, StoredEntry>): void {
  let reached = 0
  const inOrder = [...entries].sort(([, a], [, b]) => a.position - b.position || a.size - b.size)
  for (const [name, { position, size }] of inOrder) {
    if (position < reached) corrupted(file, `${showText(name)} shares bytes with another entry`)
    reached = position + size
  }
}

function corrupted(file: BinaryFile, found: string): never {
  throw new SpanforgeError(`${file.path}: corrupted zip archive: ${found}`, {
    remedy: 'The file is truncated or corrupted. Download or copy it again.',
  })
}

/** Finds the end record, which is in the last 22 bytes or precedes a comment of up to 65,535 bytes. */
async function findDirectory(file: BinaryFile): Promise<{ position: number; size: number; count: number }> {
  const tailStart = Math.max(0, file.size - 22 - 0xffff)
  const tail = Buffer.from((await file.read(tailStart, file.size - tailStart, 'the zip directory')).buffer)
  let at = tail.length - 22
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--
  if (at < 0) corrupted(file, 'the directory at the end is missing')
  const here = {
    count: tail.readUInt16LE(at + 10),
    size: tail.readUInt32LE(at + 12),
    position: tail.readUInt32LE(at + 16),
  }
  const isZip64 = here.count === ELSEWHERE_16 || here.size === ELSEWHERE_32 || here.position === ELSEWHERE_32
  if (!isZip64) return here
  if (at < 20 || tail.readUInt32LE(at - 20) !== LOCATOR_64) corrupted(file, 'the zip64 locator is missing')
  const place = Number(tail.readBigUInt64LE(at - 12))
  const record = Buffer.from((await file.read(place, 56, 'the zip64 directory')).buffer)
  if (record.readUInt32LE(0) !== END_64) corrupted(file, 'the zip64 directory is missing')
  const field = (offset: number) => Number(record.readBigUInt64LE(offset))
  return { count: field(32), size: field(40), position: field(48) }
}

interface DirectoryEntry {
  readonly name: string
  readonly size: number
  readonly header: number
}

function parseEntry(file: BinaryFile, entry: Buffer): DirectoryEntry {
  const nameEnd = 46 + entry.readUInt16LE(28)
  const name = entry.toString('utf8', 46, nameEnd)
  if (name.length > MAX_NAME_LENGTH) corrupted(file, `an entry with a name of ${name.length} characters`)
  const extra = entry.subarray(nameEnd, nameEnd + entry.readUInt16LE(30))
  if (entry.readUInt16LE(8) & 1) corrupted(file, `${name} is encrypted`)
  if (entry.readUInt16LE(10) !== 0) corrupted(file, `${name} is compressed, which torch.save never does`)
  const zip64 = zip64Numbers(extra)
  const number = (offset: number): number => {
    const value = entry.readUInt32LE(offset)
    return value === ELSEWHERE_32 ? (zip64.shift() ?? corrupted(file, `${name} has no zip64 field`)) : value
  }
  // The zip64 field contains, in this order, those of the three values that do not fit.
  const size = number(24)
  const stored = number(20)
  const header = number(42)
  if (size !== stored) corrupted(file, `${name} has two sizes, ${size} and ${stored}`)
  return { name, size, header }
}

/** Returns the 64-bit numbers of the extra field with id 1. */
function zip64Numbers(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2))
    return Array.from({ length: Math.min(3, field.length >> 3) }, (_, i) => Number(field.readBigUInt64LE(8 * i)))
  }
  return []
}

/**
 * Finds the bytes of an entry. They follow the local header, whose extra field (used by torch for padding) has its own
 * length.
 */
async function locate(
  file: BinaryFile,
  name: string,
  { header, size }: Omit<DirectoryEntry, 'name'>,
): Promise<StoredEntry> {
  const local = Buffer.from((await file.read(header, 30, `the header of ${name}`)).buffer)
  if (local.readUInt32LE(0) !== LOCAL) corrupted(file, `${name} is not where the directory says`)
  const position = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (!(position + size <= file.size)) corrupted(file, `${name} ends at byte ${position + size} of ${file.size}`)
  return { position, size }
}
