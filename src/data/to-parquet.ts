import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Row } from './rows.ts'

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const
const COLUMNS = ['id', 'title', 'context', 'question'] as const

const list = (name: string, type: object) => [
  { name, repetition_type: 'OPTIONAL' as const, num_children: 1, converted_type: 'LIST' as const },
  { name: 'list', repetition_type: 'REPEATED' as const, num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL' as const, ...type },
]

/** A Parquet file with the columns of Hugging Face's squad, compressed with Snappy; a missing title is null. */
export const toParquet = (rows: readonly Row[], rowGroupSize = 1000): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize,
      columnData: [
        ...COLUMNS.map((name) => ({ name, data: rows.map((row) => row[name] ?? null) })),
        { name: 'answers', data: rows.map(({ answers }) => answers) },
      ],
      schema: [
        { name: 'root', num_children: COLUMNS.length + 1 },
        ...COLUMNS.map((name) => ({ name, repetition_type: 'OPTIONAL' as const, ...TEXT })),
        { name: 'answers', repetition_type: 'OPTIONAL' as const, num_children: 2 },
        ...list('text', TEXT),
        ...list('answer_start', { type: 'INT32' as const }),
      ],
    }),
  )
