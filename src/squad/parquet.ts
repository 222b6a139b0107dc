import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { prettifyError, z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { CodePoints } from './code-points.ts'
import type { Example } from './types.ts'

const ROW = z.object({
  id: z.string(),
  title: z.string().nullish(),
  question: z.string(),
  context: z.string(),
  answers: z.object({ text: z.array(z.string()), answer_start: z.array(z.coerce.number().int().nonnegative()) }),
})
const COLUMNS = Object.keys(ROW.shape)
const NEEDED = COLUMNS.filter((column) => column !== 'title')

/**
 * Examples of a Parquet file with the columns of Hugging Face's `squad` and `squad_v2`, a row group at a time. The
 * file's `answer_start` counts code points; the examples' counts UTF-16 units. `name` is the file's name, for messages.
 * @throws SpanforgeError for what is no Parquet file or a damaged one, a column missing or of another kind, and an
 * answer that does not stand in its context where it says.
 */
export async function* parquetExamples(file: AsyncBuffer, name: string): AsyncGenerator<Example> {
  const place = `squad: ${name}`
  const metadata = await readable(place, () => parquetMetadataAsync(file))
  const columns = columnsOf(metadata)
  const missing = NEEDED.filter((column) => !columns.includes(column))
  if (missing.length > 0)
    throw new SpanforgeError(`${place}: no column ${missing.join(', ')}; it has ${columns.join(', ') || 'none'}`, {
      remedy: `Expected the columns of the data set squad: ${NEEDED.join(', ')}.`,
    })
  const wanted = COLUMNS.filter((column) => columns.includes(column))
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const options = { file, metadata, compressors, columns: wanted, rowStart, rowEnd }
    const rows = await readable(place, () => parquetReadObjects(options))
    for (const [index, row] of rows.entries()) yield exampleOf(row, `${place}: row ${rowStart + index}`)
    rowStart = rowEnd
  }
}

async function readable<T>(place: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new SpanforgeError(`${place}: cannot be read as Parquet (${(error as Error).message})`, {
      remedy: 'The file is damaged or of another format. One from the cache: spanforge cache verify tells which it is.',
      cause: error,
    })
  }
}

/** Names of the top level: the schema is the tree in depth-first order, each node with the number of its children. */
function columnsOf({ schema }: FileMetaData): string[] {
  const names: string[] = []
  const end = (node: number): number => {
    let next = node + 1
    for (let child = 0; child < (schema[node]?.num_children ?? 0); child++) next = end(next)
    return next
  }
  for (let node = 1; node < schema.length; node = end(node)) names.push(schema[node].name)
  return names
}

function exampleOf(row: unknown, place: string): Example {
  const parsed = ROW.safeParse(row)
  if (!parsed.success) throw new SpanforgeError(`${place}: not a row of squad:\n${prettifyError(parsed.error)}`)
  const { id, title, question, context, answers } = parsed.data
  if (answers.text.length !== answers.answer_start.length)
    throw new SpanforgeError(
      `${place}, question ${id}: ${answers.text.length} answers and ${answers.answer_start.length} answer_start`,
    )
  const codePoints = new CodePoints(context)
  return {
    id,
    ...(title != null && { title }),
    question,
    context,
    answers: answers.text.map((text, index) => {
      const answer_start = codePoints.toUtf16(answers.answer_start[index])
      if (text && context.startsWith(text, answer_start)) return { text, answer_start }
      const found = JSON.stringify(context.slice(answer_start, answer_start + text.length))
      const told = `answer ${JSON.stringify(text)} is not at character ${answers.answer_start[index]} of the context`
      throw new SpanforgeError(`${place}, question ${id}: ${told} (found ${found})`, {
        remedy: 'answer_start counts Unicode code points from 0.',
      })
    }),
  }
}
