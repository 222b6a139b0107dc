import { SpanforgeError } from '../errors.ts'
import { CodePoints } from './code-points.ts'
import { JsonPart, parseJson } from './json-text.ts'
import type { Answer, Example } from './types.ts'

/**
 * Examples of a file in the layout of SQuAD v1.1 or v2.0 (Rajpurkar et al. 2016, 2018). The file's `answer_start`
 * counts code points; the examples' counts UTF-16 units. A question marked `is_impossible` has no answers.
 * `name` is the file's name, for messages.
 * @throws SpanforgeError for JSON that is cut off, another layout, no questions, an id twice, or an answer that does
 * not stand in its context where it says.
 */
export function parseSquad(text: string, name: string): Example[] {
  const file = `squad: ${name}`
  const examples: Example[] = []
  const ids = new Set<string>()
  let paragraphNumber = 0
  for (const article of new JsonPart(parseJson(text, file), file, '').field('data').items()) {
    const title = article.field('title')
    for (const paragraph of article.field('paragraphs').items()) {
      paragraphNumber++
      const context = paragraph.field('context').string()
      const codePoints = new CodePoints(context)
      for (const question of paragraph.field('qas').items()) {
        const id = question.field('id').string()
        const place = `${file}: paragraph ${paragraphNumber}, question ${id}`
        if (ids.has(id)) throw repeated(place)
        ids.add(id)
        examples.push({
          id,
          ...(title.value !== undefined && { title: title.string() }),
          question: question.field('question').string(),
          context,
          answers: answersOf(question).map((answer) => readAnswer(answer, context, codePoints, place)),
        })
      }
    }
  }
  if (examples.length) return examples
  throw new SpanforgeError(`${file}: no questions in it`, { remedy: 'Give a file with at least one question.' })
}

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

const answersOf = (question: JsonPart): JsonPart[] =>
  question.field('is_impossible').value === true ? [] : question.field('answers').items()

function readAnswer(answer: JsonPart, context: string, codePoints: CodePoints, place: string): Answer {
  const text = answer.field('text').string()
  const count = answer.field('answer_start').count()
  if (!text) throw new SpanforgeError(`${place}: its answer is empty`, { remedy: 'Write "answers": [] for no answer.' })
  const answer_start = codePoints.toUtf16(count)
  if (context.startsWith(text, answer_start)) return { text, answer_start }
  const found = context.slice(answer_start, answer_start + text.length)
  throw new SpanforgeError(
    `${place}: answer ${JSON.stringify(text)} is not at character ${count} of the context ` +
      `(found ${JSON.stringify(found)})`,
    { remedy: nearest(text, context, answer_start, codePoints) },
  )
}

function nearest(text: string, context: string, near: number, codePoints: CodePoints): string {
  let best = -1
  for (let at = context.indexOf(text); at >= 0; at = context.indexOf(text, at + 1))
    if (best < 0 || Math.abs(at - near) < Math.abs(best - near)) best = at
  if (best < 0) return 'The context does not contain this answer: mend the text, or take the question out.'
  return `It stands at character ${codePoints.fromUtf16(best)}; answer_start counts Unicode code points from 0.`
}

const repeated = (place: string): SpanforgeError =>
  new SpanforgeError(`${place}: another question has the same id`, {
    remedy: 'Give every question an id of its own: predictions are told apart by it.',
  })
