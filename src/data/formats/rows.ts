import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import { CodePoints } from '../../squad/reading/code-points.ts'
import type { Example } from '../../squad/types.ts'

/** A row with the columns of run_qa.py and Hugging Face's squad. `answer_start` counts code points. */
export interface RunQaRow {
  readonly id: string
  readonly title?: string
  readonly context: string
  readonly question: string
  readonly answers: { readonly text: readonly string[]; readonly answer_start: readonly number[] }
}

/** Creates a function that converts examples to rows. Consecutive examples with the same context share its index. */
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

/** The layout of a file with rows: the names of the columns, and their values for each example. */
export interface RowLayout<T extends Example = Example> {
  readonly names: readonly string[]
  readonly rowOf: (example: T) => Readonly<Record<string, unknown>>
  /** Additional fields of a question in the SQuAD layout. */
  readonly extraOf?: (example: T) => Readonly<Record<string, unknown>>
}

const columnsOf =
  (rowOf: (example: Example) => RunQaRow) =>
  (example: Example): Readonly<Record<string, unknown>> => ({ ...rowOf(example) })

/** The layout with the columns of run_qa.py. */
export const runQaLayout = (): RowLayout => ({
  names: ['id', 'title', 'context', 'question', 'answers'],
  rowOf: columnsOf(rowMaker()),
})

/** Formats a value as a field of a text table. */
export const cellText = (value: unknown): string =>
  value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/**
 * Rejects unpaired surrogates, which JSON can escape but UTF-8 text cannot represent.
 * @throws SpanforgeError for a row that contains one
 */
export function rejectHalfCharacters(row: Readonly<Record<string, unknown>>, id: string, path: string): void {
  const half = /\p{Surrogate}/u.exec(Object.values(row).map(cellText).join(' '))
  if (!half) return
  const code = half[0].charCodeAt(0).toString(16).toUpperCase()
  throw new SpanforgeError(
    `${path}: question ${showText(id)} contains an unpaired surrogate (U+${code}), which this format cannot represent`,
    {
      remedy: 'Write JSON or JSON lines instead.',
    },
  )
}
