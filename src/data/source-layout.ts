import type { SourceRow } from '../squad/reading/read-question.ts'
import type { SourceExample } from './read-examples.ts'
import { type Examples, type RowLayout, type RunQaRow, rowMaker } from './rows.ts'

/**
 * The columns that the examples' own rows have, in their order, with `answer_start` beside an `answer`: what a copy of a
 * table has. Questions of SQuAD's layout, and rows of several kinds, get the columns of run_qa.py and all others after
 * them.
 */
export async function sourceLayout(examples: Examples<SourceExample>): Promise<RowLayout<SourceExample>> {
  const runQaRow = rowMaker()
  const sources = new Map<string, SourceRow>()
  let isPlain = true
  for await (const { source, answers } of examples) {
    if (source.answerColumn === undefined || answers.length > 1) isPlain = false
    const kind = [source.answerColumn, ...Object.keys(source.values)].join('\n')
    if (!sources.has(kind)) sources.set(kind, source)
  }
  const isTable = [...sources.values()].every(({ columns }) => columns.context !== undefined)
  const valuesOf = (example: SourceExample) =>
    isPlain ? plainValues(example, runQaRow(example)) : runQaValues(example, runQaRow(example), isTable)
  const names = [...new Set([...sources.values()].flatMap((source) => namesOf(source, { isPlain, isTable })))]
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

/** The columns that hold no part of a question. */
function extraNames({ columns, values }: SourceRow): string[] {
  const own = new Set(Object.values(columns))
  return Object.keys(values).filter((name) => !own.has(name) && !isFlattened(name))
}

const extraValues = (source: SourceRow): Record<string, unknown> =>
  Object.fromEntries(extraNames(source).map((name) => [name, source.values[name]]))

/** The given values with the id, the context, the answer and its place as they were corrected. */
function plainValues({ source, id }: SourceExample, { context, answers }: RunQaRow): Record<string, unknown> {
  const { columns, values, answerColumn } = source
  return {
    ...values,
    ...idValue(source, id),
    [columns.context!]: context,
    ...(answers.text.length > 0 && { [answerColumn!]: answers.text[0] }),
    [columns.answer_start ?? 'answer_start']: answers.answer_start[0] ?? null,
  }
}

function runQaValues({ source, id }: SourceExample, row: RunQaRow, isTable: boolean): Record<string, unknown> {
  if (!isTable) return { ...row, ...extraValues(source) }
  const { columns, values } = source
  return {
    ...values,
    ...idValue(source, id),
    [columns.context!]: row.context,
    [columns.answers ?? 'answers']: row.answers,
  }
}

/** A row that has no id was numbered, and is numbered again. */
const idValue = ({ columns, values }: SourceRow, id: string): Record<string, unknown> =>
  columns.id !== undefined && values[columns.id] != null && values[columns.id] !== '' ? { [columns.id]: id } : {}
