import { HttpProblem } from '../http/problem.ts'
import type { QuestionFields, RequestQuestion, TokenizingTask } from './tokenizing-task.ts'

export interface TextLimits {
  /** Maximum characters per question. */
  readonly question: number
  /** Maximum characters of all texts in a request. */
  readonly context: number
  /** Maximum questions per request. */
  readonly questions: number
  /** Maximum windows per request, over all its questions. */
  readonly windows: number
}

/** @throws HttpProblem 422 if questions are too long, too many, or about too many texts */
export function checkQuestions(questions: readonly QuestionFields[], limits: TextLimits): void {
  if (questions.length > limits.questions)
    throw new HttpProblem(422, `The request has ${questions.length} questions; the maximum is ${limits.questions}.`, {
      remedy: 'Split them into several requests.',
    })
  for (const [index, { question }] of questions.entries())
    if (question.length > limits.question)
      throw new HttpProblem(
        422,
        `Question ${index} has ${question.length} characters; the maximum is ${limits.question}.`,
        { remedy: 'Shorten the question, or start the server with a larger --max_question.' },
      )
  // Every question needs at least one window for each of its texts.
  const windows = questions.reduce((sum, { contexts }) => sum + (contexts?.length ?? 1), 0)
  if (windows > limits.windows)
    throw new HttpProblem(
      422,
      `The request needs at least ${count(windows)} windows, one for each question and text; the maximum is ` +
        `${count(limits.windows)}.`,
      { remedy: FEWER_WINDOWS },
    )
}

/** @throws HttpProblem 413 if the texts are too long */
export function checkTexts(texts: readonly string[], limits: TextLimits): void {
  const characters = texts.reduce((sum, { length }) => sum + length, 0)
  if (characters > limits.context)
    throw new HttpProblem(413, `The context has ${characters} characters; the maximum is ${limits.context}.`, {
      remedy: 'Send less text, or start the server with a larger --max_context.',
    })
}

/** The problem for a request that exceeds the window limit. */
export function tooManyWindows(windows: number, { asked, windows: options, max_windows }: TokenizingTask): HttpProblem {
  const { max_seq_length, doc_stride } = options
  return new HttpProblem(
    422,
    `The request needs ${count(windows)} windows of ${max_seq_length} tokens (${questionsOf(asked)}, doc_stride ` +
      `${doc_stride}); the maximum is ${count(max_windows)}.`,
    { remedy: FEWER_WINDOWS },
  )
}

const FEWER_WINDOWS =
  'Send fewer questions or less text per request, use a smaller doc_stride, or start the server with a larger ' +
  '--max_windows.'

const questionsOf = (asked: readonly RequestQuestion[]): string =>
  asked.length === 1 ? '1 question' : `${asked.length} questions`

const count = (n: number): string => n.toLocaleString('en-US')

/** Enough for 1,000 questions with 100 answers of 80 characters each. */
const MAX_CHARACTERS = 8_000_000

/** Counts the characters of all answers to one request. */
export class AnswerSize {
  private characters = 0

  /** @throws HttpProblem 422 once the answers exceed the limit */
  add(answers: readonly { readonly answer: string }[]): void {
    for (const { answer } of answers) this.characters += answer.length
    if (this.characters > MAX_CHARACTERS)
      throw new HttpProblem(
        422,
        `The answers have more than ${MAX_CHARACTERS.toLocaleString('en-US')} characters, the maximum per response.`,
        { remedy: 'Use a smaller top_k or max_answer_len, or send fewer questions per request.' },
      )
  }
}
