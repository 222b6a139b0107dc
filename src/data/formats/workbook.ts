import type { Cell, CellValue, Sheet, Workbook } from 'hucre'
import { SpanforgeError } from '../../errors.ts'
import { showList } from '../../show-value.ts'
import { EXPECTED_COLUMNS, HEADER_ROWS, namesQuestions } from '../../squad/reading/columns.ts'
import { DataProblem, type Report } from '../../squad/reading/data-problem.ts'
import type { QuestionRecord } from '../../squad/reading/read-question.ts'
import { type TableRow, tableRecords } from './table.ts'
import { checkSheetArea, checkWorkbookSize } from './workbook-size.ts'

interface WorkbookOptions {
  readonly path: string
  readonly report: Report
  readonly mayLack?: readonly string[]
  readonly allColumns?: boolean
}

/** Yields the questions of an Excel workbook from the sheet with their columns. Cells are read as Excel shows them. */
export async function* workbookRecords(bytes: Uint8Array, options: WorkbookOptions): AsyncGenerator<QuestionRecord> {
  const { path } = options
  checkWorkbookSize(bytes, path)
  const workbook = await readWorkbook(bytes, path)
  for (const sheet of workbook.sheets) checkSheetArea(sheet, path)
  const { formatValue } = await import('hucre')
  const sheet = questionSheet(workbook, options)
  yield* tableRecords(rowsOf(sheet, path, cellText(formatValue, workbook.dateSystem === '1904')), options)
}

async function readWorkbook(bytes: Uint8Array, path: string): Promise<Workbook> {
  const { readXlsx } = await import('hucre/xlsx')
  try {
    return await readXlsx(bytes, { readStyles: true })
  } catch (cause) {
    throw new DataProblem('unreadable', path, `cannot be read as an Excel workbook (${(cause as Error).message})`, {
      remedy: 'Open it in a spreadsheet program and save it again, or save it as "CSV UTF-8".',
      cause,
    })
  }
}

/** @throws DataProblem if no sheet has the columns of questions, or several visible sheets do */
function questionSheet({ sheets }: Workbook, { path, mayLack }: WorkbookOptions): Sheet {
  const filled = sheets.filter(({ rows }) => rows.some(hasText))
  const isVisible = ({ hidden, veryHidden }: Sheet) => !hidden && !veryHidden
  const withQuestions = filled.filter((sheet) => hasQuestions(sheet, mayLack))
  const visible = withQuestions.filter(isVisible)
  if (visible.length > 1)
    throw new DataProblem('unreadable', path, `several sheets contain questions: ${showList(visible.map(nameOf))}`, {
      remedy: 'Keep only one of them in the workbook, or save each as CSV and run "spanforge data merge".',
    })
  const sheet = visible[0] ?? withQuestions[0] ?? (filled.length === 1 ? filled[0] : undefined)
  if (sheet) return sheet
  const finding = filled.length
    ? `no sheet has the columns question and context; its sheets are ${showList(filled.map(nameOf))}`
    : 'the workbook is empty'
  throw new DataProblem('unreadable', path, finding, { remedy: `${EXPECTED_COLUMNS} Name them in the first row.` })
}

const nameOf = ({ name }: Sheet): string => name

const isText = (value: CellValue): boolean => value !== null && String(value).trim() !== ''

const hasText = (row: readonly CellValue[]): boolean => row.some(isText)

const hasQuestions = ({ rows }: Sheet, mayLack?: readonly string[]): boolean =>
  rows
    .filter(hasText)
    .slice(0, HEADER_ROWS)
    .some((row) =>
      namesQuestions(
        row.map((value) => String(value ?? '')),
        mayLack,
      ),
    )

type CellText = (value: CellValue, cell: Cell | undefined) => string

/** Yields rows of equal length. A cell that is merged over several rows has its text in each of them. */
async function* rowsOf(sheet: Sheet, path: string, textOf: CellText): AsyncGenerator<TableRow> {
  const { name, rows, cells } = sheet
  const width = rows.reduce((max, row) => Math.max(max, row.findLastIndex(isText) + 1), 0)
  const merged = mergedCells(sheet)
  const unfinished = formulasWithoutResult(sheet)
  for (const [index, values] of rows.entries()) {
    const [above, formulas] = [merged.get(index), unfinished.get(index)]
    if (merged.size === 0 && !formulas && values.every((value) => value === null)) continue
    const texts = Array.from({ length: width }, (_, column) => {
      const row = above?.get(column) ?? index
      const value = rows[row][column] ?? null
      return unfinished.get(row)?.get(column) ?? (value === null ? '' : textOf(value, cells?.get(`${row},${column}`)))
    })
    yield { place: `${path}: sheet ${name}, row ${index + 1}`, cells: texts, formulas }
  }
}

/** The formulas without a stored result, by row and column. */
function formulasWithoutResult({ cells = new Map() }: Sheet): Map<number, Map<number, string>> {
  const formulas = new Map<number, Map<number, string>>()
  for (const [place, { type, formula, formulaResult, value }] of cells) {
    if (type !== 'formula' || formulaResult != null || value != null) continue
    const [row, column] = place.split(',').map(Number)
    atKey(formulas, row).set(column, `=${formula}`)
  }
  return formulas
}

/** For each cell that is merged with one above it, by row and column, the row with the text. */
function mergedCells({ merges = [], rows }: Sheet): Map<number, Map<number, number>> {
  const first = new Map<number, Map<number, number>>()
  // Merged cells cannot overlap, so the number of cells in the sheet is an upper bound.
  const width = rows.reduce((max, { length }) => Math.max(max, length), 0)
  let left = rows.length * width
  for (const { startRow, endRow, startCol } of merges.filter(({ startCol }) => startCol < width))
    for (let row = startRow + 1; row <= Math.min(endRow, rows.length - 1) && left-- > 0; row++)
      atKey(first, row).set(startCol, startRow)
  return first
}

function atKey<T>(rows: Map<number, Map<number, T>>, row: number): Map<number, T> {
  const cells = rows.get(row) ?? new Map<number, T>()
  rows.set(row, cells)
  return cells
}

/** Excel's number format 14 depends on the locale. This is its US form. */
const SHORT_DATE = { stored: 'mm-dd-yy', shown: 'm/d/yyyy' }

/** Formats the value of a cell in its number format: 1450 as "1,450", a date as "2021-03-05". */
const cellText =
  (format: typeof import('hucre').formatValue, is1904: boolean): CellText =>
  (value, cell) => {
    const shown = cell?.type === 'formula' ? (cell.formulaResult ?? value) : value
    if (shown === null || shown === undefined) return ''
    if (typeof shown === 'string') return shown
    const stored = cell?.style?.numFmt ?? 'General'
    // Excel shows 15 significant digits.
    const rounded = typeof shown === 'number' ? Number(shown.toPrecision(15)) : shown
    return format(rounded, stored === SHORT_DATE.stored ? SHORT_DATE.shown : stored, { is1904 })
  }

/** Maximum number of characters in an Excel cell. */
const MAX_CELL_LENGTH = 32_767

/**
 * Encodes rows as a workbook with a single sheet.
 * @throws SpanforgeError for a text that does not fit in a cell
 */
export async function toWorkbook(rows: readonly string[][], path: string): Promise<Uint8Array> {
  for (const [row, cells] of rows.entries()) {
    const long = cells.find((cell) => cell.length > MAX_CELL_LENGTH)
    if (long === undefined) continue
    const finding = `row ${row + 1} has a text of ${long.length} characters; Excel allows at most ${MAX_CELL_LENGTH} per cell`
    throw new SpanforgeError(`${path}: ${finding}`, { remedy: 'Write CSV or JSON lines instead.' })
  }
  const { writeXlsx } = await import('hucre/xlsx')
  return writeXlsx({ sheets: [{ name: 'Questions', rows: [...rows] }] })
}
