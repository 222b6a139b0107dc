import { isId, numberedId, type SourceRow } from '../squad/reading/read-question.ts'
import { type Examples, type RowLayout, type RunQaRow, rowMaker } from './formats/rows.ts'
import type { SourceExample } from './read-examples.ts'

/**
 * The layout for a copy of a table: the original columns in their order, with `answer_start` added after `answer`.
 * Questions in the SQuAD layout and mixed rows get the columns of run_qa.py, followed by all other columns.
 */
export async function sourceLayout(
  examples: Examples<SourceExample>,
  { isPart = false } = {},
): Promise<RowLayout<SourceExample>> {
  const runQaRow = rowMaker()
  const sources = new Map<string, SourceRow>()
  let isPlain = true
  let numbered = 0
  let keepsIds = false
  for await (const { id, source, answers } of examples) {
    if (!hasId(source) && (isPart || id !== numberedId(++numbered))) keepsIds = true
    if (source.answerColumn === undefined || answers.length > 1) isPlain = false
    const kind = [source.answerColumn, ...Object.keys(source.values)].join('\n')
    if (!sources.has(kind)) sources.set(kind, source)
  }
  const isTable = [...sources.values()].every(({ columns }) => columns.context !== undefined)
  const idColumn = [...sources.values()].find(({ columns }) => columns.id)?.columns.id ?? 'id'
  const valuesOf = (example: SourceExample) => ({
    ...(isPlain ? plainValues(example, runQaRow(example)) : runQaValues(example, runQaRow(example), isTable)),
    ...((keepsIds || hasId(example.source)) && { [example.source.columns.id ?? idColumn]: example.id }),
  })
  const given = [...sources.values()].flatMap((source) => namesOf(source, { isPlain, isTable }))
  const names = [...new Set(keepsIds && !given.includes(idColumn) ? [idColumn, ...given] : given)]
  return {
    names,
    rowOf(example) {
      const values = valuesOf(example)
      return Object.fromEntries(names.flatMap((name) => (name in values ? [[name, values[name]]] : [])))
    },
    extraOf: ({ source }) => extraValues(source),
  }
}

interface Kind {
  readonly isPlain: boolean
  readonly isTable: boolean
}

const isFlattened = (name: string): boolean => name === 'answers.text' || name === 'answers.answer_start'

function namesOf({ columns, values, answerColumn }: SourceRow, { isPlain, isTable }: Kind): string[] {
  const names = Object.keys(values).filter((name) => !isFlattened(name))
  if (isPlain) {
    if (columns.answer_start) return names
    return names.flatMap((name) => (name === answerColumn ? [name, 'answer_start'] : [name]))
  }
  if (!isTable) return ['id', 'title', 'context', 'question', 'answers', ...extraNames({ columns, values })]
  return columns.answers ? names : [...names, 'answers']
}

/** The columns that are not part of a question. */
function extraNames({ columns, values }: SourceRow): string[] {
  const own = new Set(Object.values(columns))
  return Object.keys(values).filter((name) => !own.has(name) && !isFlattened(name))
}

const extraValues = (source: SourceRow): Record<string, unknown> =>
  Object.fromEntries(extraNames(source).map((name) => [name, source.values[name]]))

/** The original values with the corrected id, context, answer and position. */
function plainValues({ source }: SourceExample, { context, answers }: RunQaRow): Record<string, unknown> {
  const { columns, values, answerColumn } = source
  return {
    ...values,
    [columns.context!]: context,
    ...(answers.text.length > 0 && { [answerColumn!]: answers.text[0] }),
    [columns.answer_start ?? 'answer_start']: answers.answer_start[0] ?? null,
  }
}

function runQaValues({ source }: SourceExample, row: RunQaRow, isTable: boolean): Record<string, unknown> {
  if (!isTable) return { ...row, ...extraValues(source) }
  const { columns, values } = source
  return {
    ...values,
    [columns.context!]: row.context,
    [columns.answers ?? 'answers']: row.answers,
  }
}

/** The id, unless the row has none, because missing ids are generated when reading. */
const hasId = ({ columns, values }: SourceRow): boolean => columns.id !== undefined && isId(values[columns.id])
