import { CodePoints } from './code-points.ts'
import { DataProblem, orReport, type Report, refuse } from './data-problem.ts'
import { JsonPart, parseJson } from './json-text.ts'
import { QuestionReader, type QuestionRecord } from './read-question.ts'
import { isRow, rowRecord } from './row-record.ts'
import type { Example } from './types.ts'

/**
 * Examples of a file in the layout of SQuAD v1.1 or v2.0 (Rajpurkar et al. 2016, 2018), or in that of run_qa.py, where
 * `data` is a list of rows. The file's `answer_start` counts code points; the examples' counts UTF-16 units. A question
 * marked `is_impossible` has no answers. `name` is the file's name, for messages.
 * @throws DataProblem for JSON that is cut off, another layout, no questions, an id twice, or an answer that does not
 * stand in its context where it says. With a `report` that returns it goes on without what is wrong.
 */
export function parseSquad(text: string, name: string, report: Report = refuse): Example[] {
  const reader = new QuestionReader(report)
  const examples: Example[] = []
  for (const record of squadRecords(text, name, report)) {
    const example = reader.read(record)
    if (example) examples.push(example)
  }
  if (!examples.length) report(noQuestions(name))
  return examples
}

export const noQuestions = (name: string): DataProblem =>
  new DataProblem('unreadable', name, 'no questions in it', {
    remedy: 'Give a file with at least one question.',
  })

/** The questions of such a file as they stand there; an article or a paragraph that is none is reported. */
export function* squadRecords(text: string, name: string, report: Report = refuse): Generator<QuestionRecord> {
  const place = name
  const value = parseJson(text, place, LAYOUT, report)
  if (value === undefined) return
  let paragraphs = 0
  const file = new JsonPart(value, { place, whole: 'the whole file', remedy: LAYOUT })
  const rows = Array.isArray(value) && isRow(value[0])
  for (const item of orReport(report, () => (rows ? file : file.field('data')).items()) ?? []) {
    if (isRow(item.value)) {
      yield rowRecord(item, `${place}: ${item.path}`)
      continue
    }
    for (const paragraph of orReport(report, () => item.field('paragraphs').items()) ?? []) {
      paragraphs++
      const at = `${place}: paragraph ${paragraphs}`
      for (const question of orReport(report, () => paragraph.field('qas').items()) ?? [])
        yield* orReport(report, () => [questionRecord(at, item, paragraph, question)]) ?? []
    }
  }
}

function questionRecord(place: string, article: JsonPart, paragraph: JsonPart, question: JsonPart): QuestionRecord {
  return {
    place,
    id: question.field('id'),
    title: article.field('title'),
    question: question.field('question'),
    context: paragraph.field('context'),
    answers() {
      if (question.field('is_impossible').value === true) return []
      const answers = question.field('answers').items()
      return answers.map((answer) => ({ text: answer.field('text'), answer_start: answer.field('answer_start') }))
    },
  }
}

const LAYOUT = 'Expected a JSON file in the layout of SQuAD: {"data": [{"paragraphs": [{"context", "qas"}]}]}.'

/** The same examples as SQuAD JSON, v2.0 where one has no answer; examples that follow one another share a paragraph. */
export function toSquadJson(examples: readonly Example[]): string {
  // A file is v2.0 as a whole: there every question says whether it is impossible.
  const unanswered = examples.some(({ answers }) => !answers.length)
  const data: { title?: string; paragraphs: { context: string; qas: object[] }[] }[] = []
  let codePoints = new CodePoints('')
  for (const { id, title, question, context, answers } of examples) {
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
    paragraph.qas.push({ id, question, answers: places, ...(unanswered && { is_impossible: !answers.length }) })
  }
  return JSON.stringify({ version: unanswered ? 'v2.0' : '1.1', data })
}
