import { showList } from '../../show-value.ts'
import type { JsonPart } from './json-text.ts'
import { isTask } from './label-studio.ts'
import { isNamelessRow, isRow, namelessRow } from './row-record.ts'

/**
 * Returns the articles, paragraphs or rows of a JSON file. Supported layouts are a list, a list in `data` (SQuAD),
 * `rows` of the dataset viewer, a dataset with a single split, a pandas table (by columns, split, or by index), and a
 * single row.
 * @throws DataProblem for any other layout
 */
export function itemsOf(file: JsonPart): JsonPart[] {
  const { value } = file
  if (Array.isArray(value)) return namedRows(file)
  if (isTask(value)) return [file]
  if (typeof value !== 'object' || value === null) throw file.unexpected('an object {...}')
  if (isSplitTable(value)) return value.data.map((cells, i) => file.as(rowOfCells(value.columns, cells), `data[${i}]`))
  if ('data' in value) return namedRows(file.field('data'))
  if (isRow(value)) return isByColumns(value) ? rowsOfColumns(file, value) : [file]
  if ('rows' in value) return file.field('rows').items().map(rowOfViewer)
  const splits = Object.keys(value).filter((name) => isListOfObjects((value as Record<string, unknown>)[name]))
  if (splits.length === 1) return file.field(splits[0]).items()
  const keys = Object.keys(value)
  if (keys.length > 0 && Object.values(value).every(isRow)) return keys.map((key) => file.field(key))
  if (splits.length > 1)
    throw file.unexpected(`one list of questions, but it has ${showList(splits)}: write each of them to its own file`)
  return file.field('data').items()
}

function namedRows(list: JsonPart): JsonPart[] {
  const items = list.items()
  if (isNamelessRow(items[0]?.value)) throw namelessRow(list.source.place)
  return items
}

interface SplitTable {
  readonly columns: readonly string[]
  readonly data: readonly (readonly unknown[])[]
}

/** Whether a value is a pandas table with orient="split". */
function isSplitTable(value: object): value is SplitTable {
  const { columns, data } = value as Record<string, unknown>
  const isNames = Array.isArray(columns) && columns.every((name) => typeof name === 'string')
  return isNames && Array.isArray(data) && data.every(Array.isArray)
}

const rowOfCells = (columns: readonly string[], cells: readonly unknown[]): Record<string, unknown> =>
  Object.fromEntries(columns.map((name, i) => [name, cells[i]]))

/** Unwraps a row of the dataset viewer, which nests the row next to its number. */
const rowOfViewer = (item: JsonPart): JsonPart => (item.field('row').value === undefined ? item : item.field('row'))

const isListOfObjects = (value: unknown): boolean =>
  Array.isArray(value) && typeof value[0] === 'object' && value[0] !== null

const isCollection = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Whether every column is a list, or an object whose keys are row numbers. */
function isByColumns(value: object): boolean {
  const columns = Object.values(value)
  return columns.length > 0 && columns.every((column) => Array.isArray(column) || isNumbered(column))
}

const isNumbered = (value: unknown): boolean =>
  isCollection(value) && !Array.isArray(value) && Object.keys(value).every((key) => /^\d+$/.test(key))

function rowsOfColumns(file: JsonPart, value: object): JsonPart[] {
  const columns = Object.entries(value as Record<string, Record<string, unknown>>)
  const keys = Object.keys(columns[0][1])
  const uneven = columns.find(([, column]) => Object.keys(column).length !== keys.length)
  if (uneven)
    throw file
      .field(uneven[0])
      .unexpected(`${keys.length} values, as many as ${columns[0][0]} has, not ${Object.keys(uneven[1]).length}`)
  return keys.map((key) =>
    file.as(Object.fromEntries(columns.map(([name, column]) => [name, column[key]])), `row ${key}`),
  )
}
