import { SpanforgeError } from '../errors.ts'
import { showText } from '../show-value.ts'
import { CodePoints } from '../squad/reading/code-points.ts'
import type { Example } from '../squad/types.ts'

/** A question in run_qa.py's columns, which are those of Hugging Face's squad; `answer_start` counts code points. */
export interface RunQaRow {
  readonly id: string
  readonly title?: string
  readonly context: string
  readonly question: string
  readonly answers: { readonly text: readonly string[]; readonly answer_start: readonly number[] }
}

/** The rows of examples; those that follow one another and share a context have it counted once. */
export function rowMaker(): (example: Example) => RunQaRow {
  let counted = ''
  let codePoints = new CodePoints('')
  return ({ id, title, context, question, answers }) => {
    if (context !== counted) codePoints = new CodePoints(context)
    counted = context
    return {
      id,
      ...(title !== undefined && { title }),
      context,
      question,
      answers: {
        text: answers.map(({ text }) => text),
        answer_start: answers.map(({ answer_start }) => codePoints.fromUtf16(answer_start)),
      },
    }
  }
}

export type Examples<T extends Example> = Iterable<T> | AsyncIterable<T>

/** The rows of a file: the columns that are given, in order, and what each example has in them. */
export interface RowLayout<T extends Example = Example> {
  readonly names: readonly string[]
  readonly rowOf: (example: T) => Readonly<Record<string, unknown>>
  /** Fields of a question in SQuAD's layout that are not its own. */
  readonly extraOf?: (example: T) => Readonly<Record<string, unknown>>
}

const columnsOf =
  (rowOf: (example: Example) => RunQaRow) =>
  (example: Example): Readonly<Record<string, unknown>> => ({ ...rowOf(example) })

/** The columns of run_qa.py. */
export const runQaLayout = (): RowLayout => ({
  names: ['id', 'title', 'context', 'question', 'answers'],
  rowOf: columnsOf(rowMaker()),
})

/** A value as a field of a text table. */
export const cellText = (value: unknown): string =>
  value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/**
 * JSON can write half a character of two UTF-16 units as an escape, files of UTF-8 text cannot.
 * @throws SpanforgeError for a row that has one
 */
export function refuseHalfCharacters(row: Readonly<Record<string, unknown>>, id: string, path: string): void {
  const half = /\p{Surrogate}/u.exec(Object.values(row).map(cellText).join(' '))
  if (!half) return
  const code = half[0].charCodeAt(0).toString(16).toUpperCase()
  throw new SpanforgeError(
    `${path}: question ${showText(id)} has half a character (U+${code}), which this format cannot hold`,
    {
      remedy: 'Write JSON or JSON lines.',
    },
  )
}
