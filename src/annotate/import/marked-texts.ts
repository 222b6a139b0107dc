/** JSON lines of texts with marked spans, as Prodigy and Doccano export them. Their offsets count code points. */
import { parseBoundedJson } from '../../bounded-json.ts'
import { readTextFile } from '../../files/text-file.ts'
import { showValue } from '../../show-value.ts'
import { CodePoints } from '../../squad/reading/code-points.ts'
import type { Answer } from '../../squad/types.ts'
import { passageId } from '../project/project.ts'
import type { ImportedQuestion, SkippedItem } from './imported.ts'

type Row = Readonly<Record<string, unknown>>

interface Mark {
  readonly start: number
  readonly end: number
  readonly label: string
}

const MAX_BYTES = 512 * 2 ** 20

/** Whether the first line is a text with marks: `spans` of Prodigy, or `label` or `entities` of Doccano. */
export function hasMarks(head: string): boolean {
  const line = head.trimStart().split('\n', 1)[0]
  const named = /^\{.*"(text|data)"\s*:/.test(line) && /"(spans|label|labels|entities)"\s*:\s*\[/.test(line)
  return named && !/"(answers|context)"\s*:/.test(line)
}

/**
 * Reads texts with marks. With a question in the row or its metadata, the marks are its answers. None mean that the text
 * does not answer it if the row was accepted (Prodigy), and otherwise that it has yet to be annotated (Doccano, which
 * exports all rows). Without a question, the marks of each label wait for theirs.
 */
export async function* readMarkedTexts(path: string, name: string): AsyncGenerator<ImportedQuestion | SkippedItem> {
  const lines = (await readTextFile(path, MAX_BYTES)).replace(/^\ufeff/, '').split('\n')
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const place = `${name}: line ${i + 1}`
    try {
      yield* questionsOf(parseBoundedJson(line) as Row, place, `${i + 1}`)
    } catch (error) {
      yield { name: place, reason: (error as Error).message }
    }
  }
}

function* questionsOf(row: Row, place: string, number: string): Generator<ImportedQuestion | SkippedItem> {
  const text = row.text ?? row.data
  if (typeof text !== 'string' || text.trim() === '') throw new Error('has no text')
  // Prodigy keeps what its users rejected or ignored.
  if (row.answer === 'reject' || row.answer === 'ignore') {
    yield { name: place, reason: `was ${row.answer === 'reject' ? 'rejected' : 'ignored'}` }
    return
  }
  const codePoints = new CodePoints(text)
  const marks = marksOf(row).map((mark) => checked(mark, text, codePoints))
  const passage = { id: passageId(text), text }
  const meta = isObject(row.meta) ? row.meta : {}
  const question = [row.question, meta.question].find((one) => typeof one === 'string' && one.trim() !== '')
  const title = [row.title, meta.title, meta.source].find((one) => typeof one === 'string' && one.trim() !== '')
  const comment = commentOf(row)
  const about = { passage, ...(title !== undefined && { title: String(title) }), ...(comment && { comment }) }
  const id = String(row.id ?? row._task_hash ?? `line-${number}`)
  if (question !== undefined) {
    const isDone = marks.length > 0 || row.answer === 'accept'
    const answers = isDone ? { answers: marks.map(({ answer }) => answer) } : {}
    yield { ...about, id, question: String(question).trim(), ...answers }
    return
  }
  const labels = [...new Set(marks.map(({ label }) => label))]
  if (labels.length === 0) yield { name: place, reason: 'has neither a question nor marks' }
  for (const label of labels) {
    const answers = marks.filter((mark) => mark.label === label).map(({ answer }) => answer)
    yield { ...about, id: `${id}-${label}`.slice(0, 200), question: '', label, answers }
  }
}

const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The marks of a row: objects in `spans` or `entities`, or lists [start, end, label] in `label` or `labels`. */
function marksOf(row: Row): Mark[] {
  const list = [row.spans, row.entities, row.label, row.labels].find(Array.isArray) ?? []
  return list.map((item: unknown): Mark => {
    const [start, end, label] = Array.isArray(item)
      ? item
      : isObject(item)
        ? [item.start ?? item.start_offset, item.end ?? item.end_offset, item.label]
        : []
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end))
      throw new Error(`found the mark ${showValue(item, 60)}, expected start, end and label`)
    return { start, end, label: String(label ?? 'mark') }
  })
}

function checked(
  { start, end, label }: Mark,
  text: string,
  codePoints: CodePoints,
): { readonly label: string; readonly answer: Answer } {
  const [from, to] = [codePoints.toUtf16(start), codePoints.toUtf16(end)]
  const marked = text.slice(from, to)
  if (start < 0 || to > text.length || marked.trim() === '')
    throw new Error(
      `the mark from ${start} to ${end} is not in the text, which has ${codePoints.fromUtf16(text.length)} characters`,
    )
  const answer_start = from + marked.length - marked.trimStart().length
  return { label, answer: { text: marked.trim(), answer_start } }
}

/** The comments of Doccano: a list of texts, or with relations of objects. */
function commentOf({ Comments, comments }: Row): string {
  const list = [Comments, comments].find(Array.isArray) ?? []
  return list
    .map((one: unknown) => (isObject(one) ? one.comment : one))
    .filter((one) => typeof one === 'string')
    .join('\n')
    .slice(0, 5000)
}
