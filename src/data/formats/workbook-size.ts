import type { Sheet } from 'hucre'
import { showText } from '../../show-value.ts'
import { DataProblem } from '../../squad/reading/data-problem.ts'
import { checkUnpackedSize, unpackEntry, zipEntries } from './zip-directory.ts'

/** Far larger than any real table of questions, but small enough for memory. */
const MAX_UNPACKED_BYTES = 512 * 2 ** 20
/** Maximum number of opening and closing tags in all parts. A cell with its text has six to ten. */
const MAX_TAGS = 10_000_000
const ALWAYS_ALLOWED_TAGS = 500_000
/** A cell of a real table takes tens of compressed bytes. */
const MAX_TAGS_PER_BYTE = 2
/** Maximum of rows times columns up to the last cell. The reader allocates all of these cells. */
const MAX_CELLS = 4_000_000

/**
 * Checks the size of a workbook before it is parsed.
 * @throws DataProblem for a workbook that is too large
 */
export function checkWorkbookSize(bytes: Uint8Array, path: string): void {
  const entries = zipEntries(bytes, path)
  checkUnpackedSize(entries, MAX_UNPACKED_BYTES, path)
  const max = Math.min(MAX_TAGS, ALWAYS_ALLOWED_TAGS + MAX_TAGS_PER_BYTE * bytes.length)
  let tags = 0
  for (const entry of entries) {
    const part = unpackEntry(bytes, entry, path)
    tags += countTags(part, max - tags)
    if (tags > max) throw tooLarge(path, `more than ${inThousands(max)} XML tags in ${inThousands(bytes.length)} bytes`)
    checkExtent(extentOf(part), entry.name, path)
    checkSharedSheets(part, path)
  }
}

interface Extent {
  readonly rows: number
  readonly columns: number
}

/** @throws DataProblem for a sheet with too many rows times columns */
export function checkSheetArea({ name, rows }: Sheet, path: string): void {
  const columns = rows.reduce((max, { length }) => Math.max(max, length), 0)
  checkExtent({ rows: rows.length, columns }, `sheet ${name}`, path)
}

function checkExtent({ rows, columns }: Extent, place: string, path: string): void {
  if (rows * columns <= MAX_CELLS) return
  const area = `${inThousands(rows)} rows × ${inThousands(columns)} columns`
  throw tooLarge(path, `${area} in ${place}; the maximum is ${inThousands(MAX_CELLS)} cells`)
}

/** The last row and column that the cells of a part refer to. */
function extentOf(part: Uint8Array): Extent {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
  let rows = 0
  let columns = 0
  for (let at = bytes.indexOf(LESS_THAN); at >= 0; at = bytes.indexOf(LESS_THAN, at + 1)) {
    const start = bytes.toString('latin1', at + 1, at + MAX_CELL_TAG_LENGTH)
    const [, column, row] = CELL.exec(start) ?? []
    if (column === undefined) continue
    columns = Math.max(columns, columnNumber(column))
    rows = Math.max(rows, Number(row))
  }
  return { rows, columns }
}

const MAX_CELL_TAG_LENGTH = 80
const CELL = /^(?:[\w.-]+:)?c\s[^>]*?\br\s*=\s*["']?([A-Za-z]{1,3})(\d+)/

const columnNumber = (letters: string): number =>
  [...letters.toUpperCase()].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0)

/** Counts tags, but stops when the count exceeds `max`. */
function countTags(part: Uint8Array, max: number): number {
  let count = 0
  for (let at = part.indexOf(LESS_THAN); at >= 0 && count <= max; at = part.indexOf(LESS_THAN, at + 1)) count++
  return count
}

const LESS_THAN = 0x3c

/** Rejects several sheets that refer to the same part, because the reader would parse it for each of them. */
function checkSharedSheets(part: Uint8Array, path: string): void {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
  if (!bytes.includes('Relationship') && !bytes.includes('sheet ')) return
  const seen = new Set<string>()
  for (const tag of bytes.toString().split('<')) {
    const reference = (SHEET.exec(tag) ?? SHEET_RELATIONSHIP.exec(tag))?.[1]
    if (reference === undefined) continue
    const normal = reference.replace(/^.*[/\\]/, '')
    if (seen.has(normal) || normal.includes('&')) throw tooLarge(path, `several sheets that share ${showText(normal)}`)
    seen.add(normal)
  }
}

const SHEET = /^(?:[\w.-]+:)?sheet\s.*:id\s*=\s*["']?([^"'\s>]*)/s
const SHEET_RELATIONSHIP = /^(?:[\w.-]+:)?Relationship\s(?=.*\/worksheet\b).*\bTarget\s*=\s*["']?([^"'\s>]*)/s

const inThousands = (count: number): string => count.toLocaleString('en-US')

const tooLarge = (path: string, finding: string): DataProblem =>
  new DataProblem('unreadable', path, `an Excel workbook with ${finding}`, {
    remedy: 'Copy the table of questions into a new workbook, or save it as "CSV UTF-8".',
  })
