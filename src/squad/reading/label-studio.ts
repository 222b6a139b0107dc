import { showList } from '../../show-value.ts'
import { findColumns } from './columns.ts'
import { DataProblem } from './data-problem.ts'
import type { JsonPart } from './json-text.ts'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Where a task holds what people marked; versions before 1.0 call it completions. */
const marksOf = (task: Readonly<Record<string, unknown>>): string | undefined =>
  ['annotations', 'completions'].find((name) => Array.isArray(task[name]))

/** A task as Label Studio's JSON export has it: the imported row in `data`, and what people marked in `annotations`. */
export const isTask = (value: unknown): boolean =>
  isObject(value) && isObject(value.data) && marksOf(value) !== undefined

/** What one person marked or wrote: a region of the text with its labels, or a field with texts. */
interface Result {
  readonly type?: unknown
  readonly from_name?: unknown
  readonly value: Readonly<Record<string, unknown>>
}

const resultOf = (value: unknown): Result[] =>
  isObject(value) && isObject(value.value) ? [value as unknown as Result] : []

/** Regions of plain text, whose offsets count its characters, and of HTML, whose offsets count within an element. */
const REGIONS: readonly unknown[] = ['labels', 'hypertextlabels']

/**
 * The row of a task: the fields of its `data`, a question that was written into a text area, and as answers the regions
 * that were marked, or without any the texts that were written. An annotation without either means no answer.
 * With `mayLackAnswers`, a task without annotations has no answers.
 * @throws DataProblem for a task without annotations, or one where it is open which regions are answers
 */
export function rowOfTask(task: JsonPart, place: string, mayLackAnswers = false): Record<string, unknown> {
  const done = task
    .field(marksOf(task.value as Record<string, unknown>)!)
    .items()
    .filter((annotation) => annotation.field('was_cancelled').value !== true)
  if (done.length === 0 && mayLackAnswers)
    return { id: task.field('id').value, ...(task.field('data').value as object) }
  if (done.length === 0)
    throw new DataProblem('layout', place, 'the task of Label Studio has no annotation', {
      remedy: 'Annotate it, or export annotated tasks only.',
    })
  const results = done
    .flatMap((annotation) => annotation.field('result').items())
    .flatMap(({ value }) => resultOf(value))
  const written = results.filter(({ type }) => type === 'textarea')
  const isQuestion = ({ from_name }: Result) => findColumns([String(from_name)]).question !== undefined
  const question = written.find(isQuestion)
  const regions = answerRegions(results, place)
  const texts = written.filter((result) => !isQuestion(result)).flatMap(({ value }) => value.text)
  const answers =
    regions.length > 0
      ? regions.map(({ type, value }) => ({
          text: value.text,
          ...(type === 'labels' && { answer_start: value.start }),
        }))
      : texts.map((text) => ({ text }))
  return {
    id: task.field('id').value,
    ...(question && { question: [question.value.text].flat()[0] }),
    ...(task.field('data').value as object),
    answers: different(answers),
  }
}

/** The marked regions; of several labels those of the one that is called answer. */
function answerRegions(results: readonly Result[], place: string): Result[] {
  const regions = results.filter(({ type }) => REGIONS.includes(type))
  const labelsOf = ({ value }: Result): string[] => [value.labels ?? value.hypertextlabels ?? []].flat().map(String)
  const labels = [...new Set(regions.flatMap(labelsOf))]
  if (labels.length < 2) return regions
  const answerLabels = labels.filter((label) => findColumns([label]).answer ?? findColumns([label]).answers)
  if (answerLabels.length === 1) return regions.filter((region) => labelsOf(region).includes(answerLabels[0]))
  throw new DataProblem('layout', place, `the task of Label Studio has regions with the labels ${showList(labels)}`, {
    remedy: 'Call the label of answers "Answer", or export as CSV or JSON-MIN and keep one column of answers.',
  })
}

/** Several annotators may give the same answer. */
const different = <T>(answers: readonly T[]): T[] => [
  ...new Map(answers.map((answer) => [JSON.stringify(answer), answer])).values(),
]
