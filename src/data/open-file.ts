import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { constants, createGunzip, gunzipSync } from 'node:zlib'
import { SpanforgeError } from '../errors.ts'
import { cannotRead, openRegularFile } from '../files/binary-file.ts'
import { DataProblem } from '../squad/reading/data-problem.ts'
import { type DataFormat, formatOfContent } from './format.ts'
import { isArrow } from './formats/arrow.ts'
import { firstOddByte, type OddByte } from './not-utf8.ts'

/** A data file with its detected format. */
export interface DataFile {
  readonly path: string
  readonly format: DataFormat
  readonly gzip: boolean
  /** Start of its text. */
  readonly head: string
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be'
}

/** Number of bytes to inspect, which is enough to distinguish the formats. */
const HEAD_BYTES = 64 * 1024

/**
 * Detects the format of a file from its first bytes.
 * @throws SpanforgeError for a file that cannot be read or is not a data file
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

/** Excel workbooks are zip archives. The first file in the archive distinguishes them from others. */
function zipFormat(head: Buffer, path: string): DataFormat {
  const text = head.toString('latin1')
  if (/\[Content_Types\]\.xml|xl\/|_rels\/|docProps\//.test(text.slice(30, 400))) return 'xlsx'
  if (text.slice(30, 120).includes('opendocument'))
    throw unreadable(path, 'an OpenDocument file', 'Save it as .xlsx, or as CSV in UTF-8.')
  throw unreadable(path, 'a zip archive', 'Extract it and pass the file inside.')
}

/** Signatures of other file types that users may pass by mistake. */
const OTHER_FILES = [
  {
    signature: /^\xd0\xcf.\xe0/,
    name: 'an old Excel workbook (.xls) or one with a password',
    remedy: 'Save it as .xlsx without a password, or as "CSV UTF-8".',
  },
  {
    signature: /^version https:\/\/git-lfs/,
    name: 'a Git LFS pointer',
    remedy: 'Run "git lfs pull" in the cloned repository.',
  },
  {
    signature: /^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|table)\b/i,
    name: 'a web page',
    remedy: 'Download the file itself, which may require a login.',
  },
  {
    signature: /^(\xef\xbb\xbf)?\s*<\?xml/i,
    name: 'an XML file',
    remedy: 'Open it in a spreadsheet program and save it as .xlsx or CSV.',
  },
  { signature: /^\{\\rtf/, name: 'a Rich Text document', remedy: 'Save the table as CSV, or as an Excel workbook.' },
  { signature: /^BZh\d/, name: 'a bzip2 file', remedy: 'Decompress it: bunzip2 FILE.' },
  { signature: /^\xfd7zXZ/, name: 'an xz file', remedy: 'Decompress it: unxz FILE.' },
  { signature: /^\x28\xb5\x2f\xfd/, name: 'a Zstandard file', remedy: 'Decompress it: unzstd FILE.' },
  { signature: /^7z\xbc\xaf/, name: 'a 7-Zip archive', remedy: 'Extract it and pass the file inside.' },
  { signature: /^\x80[^ -~][\x95}\]c]/, name: 'a Python pickle', remedy: 'Save the table as CSV or JSON lines.' },
  { signature: /^%PDF-/, name: 'a PDF file', remedy: 'Save the table as CSV, or as an Excel workbook.' },
]

/** Detects the encoding from the byte-order mark or, without one, from the zero bytes of Latin text in UTF-16. */
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
    // The input is only the start of a compressed file, so the output may end anywhere.
    return gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, HEAD_BYTES)
  } catch (error) {
    throw corruptedGzip(path, error)
  }
}

/** Streams the bytes of a file, decompressed if it is gzipped. */
export async function* bytesOf({ path, gzip }: DataFile): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  // Errors of the file reach the caller through the stream, so the callback has nothing to do.
  const bytes = gzip ? pipeline(file, createGunzip(), () => {}) : file
  try {
    yield* bytes
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') ? corruptedGzip(path, error) : cannotRead(path, error)
  } finally {
    bytes.destroy()
  }
}

/** Streams the text of a file. */
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
  const finding = `not valid ${file.encoding.toUpperCase()} text`
  const place =
    file.encoding === 'utf-8' ? oddPlace(await firstOddByte(bytesOf(file))) : 'the last character is incomplete'
  const remedy =
    'Save it as UTF-8 (in Excel: "CSV UTF-8"). If the whole file is Windows-1252, run: ' +
    `iconv -f WINDOWS-1252 -t UTF-8 ${basename(file.path)} > NEW`
  return new DataProblem('unreadable', file.path, `${finding}: ${place}`, { remedy, cause })
}

function oddPlace({ line, position, byte }: OddByte): string {
  const hex = byte.toString(16).toUpperCase().padStart(2, '0')
  const letter = new TextDecoder('windows-1252').decode(Uint8Array.of(byte))
  return `line ${line} contains the byte 0x${hex} at offset ${position}, which would be ${JSON.stringify(letter)} in Windows-1252`
}

const unreadable = (path: string, found: string, remedy: string, cause?: unknown): DataProblem =>
  new DataProblem('unreadable', path, `found ${found}, expected a data file`, { remedy, cause })

const corruptedGzip = (path: string, error: unknown): DataProblem =>
  unreadable(
    path,
    `a corrupted gzip file (${(error as Error).message})`,
    'The file may be truncated. Download it again.',
    error,
  )
