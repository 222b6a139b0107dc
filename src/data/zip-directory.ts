import { DataProblem } from '../squad/data-problem.ts'

export interface ZipEntry {
  readonly name: string
  readonly packed: number
  /** What the archive says; a reader that believes it must not unpack more. */
  readonly unpacked: number
}

const END_OF_DIRECTORY = 0x06054b50
const ENTRY = 0x02014b50
const LONGEST_COMMENT = 0xffff

/**
 * The table of contents of a zip archive (APPNOTE 4.3.12), to know how large its files are before they are unpacked.
 * @throws DataProblem for what is no archive, or one that needs ZIP64
 */
export function zipEntries(bytes: Uint8Array, path: string): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = endOfDirectory(view)
  if (end === undefined) throw damaged(path, 'its table of contents is missing')
  const entries: ZipEntry[] = []
  let at = view.getUint32(end + 16, true)
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== ENTRY)
      throw damaged(path, 'its table of contents is broken')
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true))
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + lengths[0]))
    entries.push({ name, packed: view.getUint32(at + 20, true), unpacked: view.getUint32(at + 24, true) })
    at += 46 + lengths[0] + lengths[1] + lengths[2]
  }
  return entries
}

/** @throws DataProblem for an archive whose files are larger together, or do not say how large they are */
export function checkUnpackedSize(entries: readonly ZipEntry[], most: number, path: string): void {
  const total = entries.reduce((sum, { unpacked }) => sum + unpacked, 0)
  const silent = entries.find(
    ({ packed, unpacked, name }) => unpacked === 0 && packed !== 2 && !name.endsWith('/') && packed > 0,
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
