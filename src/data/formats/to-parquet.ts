import type { SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { cellText } from './rows.ts'

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const

type ParquetRow = Readonly<Record<string, unknown>>

type LeafType = Pick<SchemaElement, 'type' | 'converted_type'>

const list = (name: string, type: LeafType): SchemaElement[] => [
  { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL', ...type },
]

const isAnswers = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'text' in value && 'answer_start' in value

const isInt32 = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31

/** Determines the Parquet type of a column. Values without a suitable type are stored as JSON text. */
function columnOf(name: string, rows: readonly ParquetRow[]): { data: unknown[]; schema: SchemaElement[] } {
  const values = rows.map((row) => row[name] ?? null)
  const some = values.filter((value) => value !== null)
  const leaf = (type: LeafType, data: unknown[] = values) => ({
    data,
    schema: [{ name, repetition_type: 'OPTIONAL' as const, ...type }],
  })
  if (some.length > 0 && some.every(isAnswers))
    return {
      data: values,
      schema: [
        { name, repetition_type: 'OPTIONAL' as const, num_children: 2 },
        ...list('text', TEXT),
        ...list('answer_start', { type: 'INT32' as const }),
      ],
    }
  if (some.length > 0 && some.every((value) => typeof value === 'boolean')) return leaf({ type: 'BOOLEAN' })
  if (some.length > 0 && some.every(isInt32)) return leaf({ type: 'INT32' })
  if (some.length > 0 && some.every((value) => typeof value === 'number')) return leaf({ type: 'DOUBLE' })
  return leaf(
    TEXT,
    values.map((value) => (value === null ? null : cellText(value))),
  )
}

/** Encodes rows as a Parquet file with the columns `names` and Snappy compression. Missing values become null. */
export function toParquet(names: readonly string[], rows: readonly ParquetRow[], rowGroupSize = 1000): Uint8Array {
  const columns = names.map((name) => ({ name, ...columnOf(name, rows) }))
  return new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize,
      columnData: columns.map(({ name, data }) => ({ name, data })),
      schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(({ schema }) => schema)],
    }),
  )
}
