import type { Example } from '../types.ts'
import { CodePoints } from './code-points.ts'
import { type Columns, columnFinder } from './columns.ts'
import { DataProblem, orReport, type Report, reject } from './data-problem.ts'
import { itemsOf } from './json-layouts.ts'
import { JsonPart, parseJson } from './json-text.ts'
import { isTask, rowOfTask } from './label-studio.ts'
import { QuestionReader, type QuestionRecord } from './read-question.ts'
import { answerParts, isRow, isTrue, ROW_LAYOUT, rowRecord } from './row-record.ts'

/**
 * Parses a JSON file in the layout of SQuAD v1.1 or v2.0 (Rajpurkar et al. 2016, 2018), or of run_qa.py, where `data`
 * is a list of rows. `answer_start` counts code points in the file and UTF-16 units in the examples. A question marked
 * `is_impossible` has no answers. `name` is the name of the file for messages.
 * @throws DataProblem for truncated JSON, another layout, no questions, a repeated id, or an answer that is not in its
 * context at answer_start. If `report` returns, reading continues without the invalid part.
 */
export function parseSquad(text: string, name: string, report: Report = reject): Example[] {
  let problems = 0
  const counted: Report = (problem) => {
    problems++
    report(problem)
  }
  const reader = new QuestionReader(counted)
  const examples: Example[] = []
  for (const record of squadRecords(text, name, counted)) {
    const example = reader.read(record)
    if (example) examples.push(example)
  }
  if (!examples.length && !problems) report(noQuestions(name))
  return examples
}

export const noQuestions = (name: string): DataProblem =>
  new DataProblem('unreadable', name, 'no questions found', {
    remedy: 'Expected at least one question.',
  })

/** Yields the questions of a JSON file without validation. Invalid articles and paragraphs are reported. */
export function* squadRecords(
  text: string,
  name: string,
  report: Report = reject,
  mayLack?: readonly string[],
): Generator<QuestionRecord> {
  const place = name
  const value = parseJson(text, place, LAYOUT, report)
  if (value === undefined) return
  const file = new JsonPart(value, { place, whole: 'the whole file', remedy: LAYOUT })
  const columnsOf = columnFinder()
  let paragraphs = 0
  for (const item of orReport(report, () => itemsOf(file)) ?? []) {
    const at = item.path ? `${place}: ${item.path}` : place
    const record = (whole: string, read: () => unknown) =>
      orReport(report, () => {
        const row = new JsonPart(read(), { place: at, whole, remedy: ROW_LAYOUT })
        return [rowRecord(row, { place: at, columns: columnsOf(row.value as object), report, mayLack })]
      }) ?? []
    if (isTask(item.value)) {
      yield* record("the data of Label Studio's task", () => rowOfTask(item, at, mayLack?.includes('answers')))
      continue
    }
    if (isRow(item.value)) {
      yield* record('the row', () => item.value)
      continue
    }
    for (const paragraph of orReport(report, () => paragraphsOf(item)) ?? []) {
      paragraphs++
      const at = `${place}: paragraph ${paragraphs}`
      for (const question of orReport(report, () => paragraph.field('qas').items()) ?? [])
        yield* orReport(report, () => [questionRecord(at, { article: item, paragraph, question }, report)]) ?? []
    }
  }
}

/** The paragraphs of an article. Simple Transformers writes a list of paragraphs without articles. */
const paragraphsOf = (item: JsonPart): JsonPart[] =>
  item.field('qas').value !== undefined ? [item] : item.field('paragraphs').items()

type QuestionParts = Readonly<Record<'article' | 'paragraph' | 'question', JsonPart>>

function questionRecord(
  place: string,
  { article, paragraph, question }: QuestionParts,
  report: Report,
): QuestionRecord {
  return {
    place,
    id: question.field('id'),
    title: article.field('title'),
    question: question.field('question'),
    context: paragraph.field('context'),
    source: { columns: QUESTION_COLUMNS, values: question.value as Record<string, unknown> },
    answers() {
      if (isTrue(question.field('is_impossible').value)) return []
      return answerParts(question.field('answers'), place, report)
    },
  }
}

const QUESTION_COLUMNS: Columns = {
  id: 'id',
  question: 'question',
  answers: 'answers',
  is_impossible: 'is_impossible',
}

const LAYOUT =
  'Expected SQuAD JSON, {"data": [{"paragraphs": [{"context", "qas"}]}]}, or a list of rows with question, context and ' +
  'answer.'

/**
 * Writes examples as SQuAD JSON, in v2.0 if any question has no answer. Consecutive examples with the same context
 * share a paragraph. `extraOf` returns additional fields of a question.
 */
export function toSquadJson<T extends Example>(examples: readonly T[], extraOf?: (example: T) => object): string {
  // In v2.0, every question has is_impossible.
  const unanswered = examples.some(({ answers }) => !answers.length)
  const data: { title?: string; paragraphs: { context: string; qas: object[] }[] }[] = []
  let codePoints = new CodePoints('')
  for (const example of examples) {
    const { id, title, question, context, answers } = example
    let article = data.at(-1)
    if (!article || article.title !== title) {
      article = { title, paragraphs: [] }
      data.push(article)
    }
    let paragraph = article.paragraphs.at(-1)
    if (paragraph?.context !== context) {
      paragraph = { context, qas: [] }
      article.paragraphs.push(paragraph)
      codePoints = new CodePoints(context)
    }
    const places = answers.map(({ text, answer_start }) => ({ text, answer_start: codePoints.fromUtf16(answer_start) }))
    const extra = extraOf?.(example)
    paragraph.qas.push({
      ...extra,
      id,
      question,
      answers: places,
      ...(unanswered && { is_impossible: !answers.length }),
    })
  }
  return JSON.stringify({ version: unanswered ? 'v2.0' : '1.1', data })
}
