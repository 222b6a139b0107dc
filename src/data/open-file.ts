import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { constants, createGunzip, gunzipSync } from 'node:zlib'
import { SpanforgeError } from '../errors.ts'
import { cannotRead, openRegularFile } from '../files/binary-file.ts'
import { DataProblem } from '../squad/reading/data-problem.ts'
import { isArrow } from './arrow.ts'
import { type DataFormat, formatOfContent } from './format.ts'
import { firstOddByte, type OddByte } from './not-utf8.ts'

/** A data file whose format is known. */
export interface DataFile {
  readonly path: string
  readonly format: DataFormat
  readonly gzip: boolean
  /** The beginning of its text. */
  readonly head: string
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be'
}

/** Enough to tell the formats apart. */
const HEAD_BYTES = 64 * 1024

/**
 * Looks at how a file begins.
 * @throws SpanforgeError for one that cannot be read or is no data file
 */
export async function openFile(path: string): Promise<DataFile> {
  const raw = await beginning(path)
  const gzip = raw[0] === 0x1f && raw[1] === 0x8b
  const bytes = gzip ? unzippedHead(raw, path) : raw
  const begins = (signature: string) => bytes.subarray(0, signature.length).toString('latin1') === signature
  if (begins('PK\x03\x04')) return { path, format: zipFormat(bytes, path), gzip, head: '', encoding: 'utf-8' }
  if (isArrow(bytes)) return { path, format: 'arrow', gzip, head: '', encoding: 'utf-8' }
  const other = OTHER_FILES.find(({ signature }) => signature.test(bytes.toString('latin1', 0, 300)))
  if (other) throw unreadable(path, other.name, other.remedy)
  const encoding = encodingOf(bytes)
  const head = new TextDecoder(encoding).decode(bytes)
  return { path, format: formatOfContent(head, path), gzip, head, encoding }
}

/** Excel workbooks are zip archives; so are other things. The first file of an archive tells which. */
function zipFormat(head: Buffer, path: string): DataFormat {
  const text = head.toString('latin1')
  if (/\[Content_Types\]\.xml|xl\/|_rels\/|docProps\//.test(text.slice(30, 400))) return 'xlsx'
  if (text.slice(30, 120).includes('opendocument'))
    throw unreadable(path, 'an OpenDocument file', 'Save it as .xlsx, or as CSV in UTF-8.')
  throw unreadable(path, 'a zip archive', 'Unpack it.')
}

/** Files that people give by mistake, by how they begin. */
const OTHER_FILES = [
  {
    signature: /^\xd0\xcf.\xe0/,
    name: 'an old Excel workbook (.xls) or one with a password',
    remedy: 'Save it as .xlsx without a password, or as "CSV UTF-8".',
  },
  {
    signature: /^version https:\/\/git-lfs/,
    name: 'a Git LFS pointer',
    remedy: 'Run "git lfs pull" where it was cloned.',
  },
  {
    signature: /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|table)\b/i,
    name: 'a web page',
    remedy: 'Download the file itself; it may need a login.',
  },
  {
    signature: /^(\xef\xbb\xbf)?\s*<\?xml/i,
    name: 'an XML file',
    remedy: 'Open it in a spreadsheet program and save it as .xlsx or CSV.',
  },
  { signature: /^\{\\rtf/, name: 'a Rich Text document', remedy: 'Save the table as CSV, or as an Excel workbook.' },
  { signature: /^BZh\d/, name: 'a bzip2 file', remedy: 'Unpack it: bunzip2 FILE.' },
  { signature: /^\xfd7zXZ/, name: 'an xz file', remedy: 'Unpack it: unxz FILE.' },
  { signature: /^\x28\xb5\x2f\xfd/, name: 'a Zstandard file', remedy: 'Unpack it: unzstd FILE.' },
  { signature: /^7z\xbc\xaf/, name: 'a 7-Zip archive', remedy: 'Unpack it.' },
  { signature: /^\x80[^ -~][\x95}\]c]/, name: 'a Python pickle', remedy: 'Save the table as CSV or JSON lines.' },
  { signature: /^%PDF-/, name: 'a PDF file', remedy: 'Save the table as CSV, or as an Excel workbook.' },
]

/** By the byte-order mark. Without one, Latin text in UTF-16 has a zero in every other byte. */
function encodingOf(bytes: Uint8Array): DataFile['encoding'] {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  const zeros = [0, 1].map((half) => bytes.subarray(0, 16).filter((byte, i) => i % 2 === half && byte === 0).length)
  if (zeros[1] === 8 && zeros[0] === 0) return 'utf-16le'
  return zeros[0] === 8 && zeros[1] === 0 ? 'utf-16be' : 'utf-8'
}

async function beginning(path: string): Promise<Buffer> {
  try {
    const file = await openRegularFile(path)
    try {
      const bytes = Buffer.alloc(HEAD_BYTES)
      return bytes.subarray(0, (await file.read(bytes, 0, HEAD_BYTES, 0)).bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof SpanforgeError ? error : cannotRead(path, error)
  }
}

function unzippedHead(raw: Buffer, path: string): Buffer {
  try {
    // The head of a compressed file ends in the middle: what is there so far is all that is wanted.
    return gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, HEAD_BYTES)
  } catch (error) {
    throw damagedGzip(path, error)
  }
}

/** The bytes of a file as they come, unzipped. */
export async function* bytesOf({ path, gzip }: DataFile): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  // An error of the file comes out of the stream that is read, so there is nothing to be told.
  const bytes = gzip ? pipeline(file, createGunzip(), () => {}) : file
  try {
    yield* bytes
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') ? damagedGzip(path, error) : cannotRead(path, error)
  } finally {
    bytes.destroy()
  }
}

/** The text of a file as it comes. */
export async function* textOf(file: DataFile): AsyncGenerator<string> {
  const decoder = new TextDecoder(file.encoding, { fatal: true })
  try {
    for await (const bytes of bytesOf(file)) yield decoder.decode(bytes, { stream: true })
    yield decoder.decode()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
      ? await notText(file, error)
      : error
  }
}

async function notText(file: DataFile, cause: unknown): Promise<DataProblem> {
  const finding = `not text in ${file.encoding.toUpperCase()}`
  const place = file.encoding === 'utf-8' ? oddPlace(await firstOddByte(bytesOf(file))) : 'it ends within a character'
  const remedy =
    'Save it as UTF-8 (in Excel "CSV UTF-8"), or where all of it is Windows-1252: ' +
    `iconv -f WINDOWS-1252 -t UTF-8 ${basename(file.path)} > NEW`
  return new DataProblem('unreadable', file.path, `${finding}: ${place}`, { remedy, cause })
}

function oddPlace({ line, position, byte }: OddByte): string {
  const hex = byte.toString(16).toUpperCase().padStart(2, '0')
  const letter = new TextDecoder('windows-1252').decode(Uint8Array.of(byte))
  return `line ${line} has the byte 0x${hex} at ${position}, which would be ${JSON.stringify(letter)} in Windows-1252`
}

const unreadable = (path: string, found: string, remedy: string, cause?: unknown): DataProblem =>
  new DataProblem('unreadable', path, `found ${found}, expected a data file`, { remedy, cause })

const damagedGzip = (path: string, error: unknown): DataProblem =>
  unreadable(path, `a damaged gzip file (${(error as Error).message})`, 'Fetch it again: it may be cut off.', error)
