import { HttpProblem } from './problem.ts'
import type { QuestionFields, RequestQuestion, TokenizingTask } from './tokenizing-task.ts'

export interface TextLimits {
  /** Characters of a question. */
  readonly question: number
  /** Characters of all texts of a request together. */
  readonly context: number
  /** Questions of a request. */
  readonly questions: number
  /** Windows of all questions of a request together. */
  readonly windows: number
}

/** @throws Problem 422 for questions that are too long, too many, or about too many texts */
export function checkQuestions(questions: readonly QuestionFields[], limits: TextLimits): void {
  if (questions.length > limits.questions)
    throw new HttpProblem(
      422,
      `The request has ${questions.length} questions; this server takes ${limits.questions} at a time.`,
      { remedy: 'Send them in several requests.' },
    )
  for (const [index, { question }] of questions.entries())
    if (question.length > limits.question)
      throw new HttpProblem(
        422,
        `Question ${index} has ${question.length} characters; this server reads ${limits.question} at most.`,
        { remedy: 'Ask more briefly, or start the server with a larger --max_question.' },
      )
  // Every question takes a window of each of its texts, one at least.
  const windows = questions.reduce((sum, { contexts }) => sum + (contexts?.length ?? 1), 0)
  if (windows > limits.windows)
    throw new HttpProblem(
      422,
      `The request takes ${count(windows)} windows at least, one for each question and text; this server reads ` +
        `${count(limits.windows)} at most.`,
      { remedy: FEWER_WINDOWS },
    )
}

/** @throws Problem 413 for more text than is read */
export function checkTexts(texts: readonly string[], limits: TextLimits): void {
  const characters = texts.reduce((sum, { length }) => sum + length, 0)
  if (characters > limits.context)
    throw new HttpProblem(
      413,
      `The context has ${characters} characters; this server reads ${limits.context} at most.`,
      {
        remedy: 'Ask about a part of it, or start the server with a larger --max_context.',
      },
    )
}

/** A problem that says how many windows a request takes, and what makes them fewer. */
export function tooManyWindows(windows: number, { asked, windows: options, max_windows }: TokenizingTask): HttpProblem {
  const { max_seq_length, doc_stride } = options
  return new HttpProblem(
    422,
    `The request takes ${count(windows)} windows of ${max_seq_length} tokens (${questionsOf(asked)}, doc_stride ` +
      `${doc_stride}); this server reads ${count(max_windows)} at most.`,
    { remedy: FEWER_WINDOWS },
  )
}

const FEWER_WINDOWS =
  'Ask fewer questions or send less text in a request, use a smaller doc_stride, or start the server with a larger ' +
  '--max_windows.'

const questionsOf = (asked: readonly RequestQuestion[]): string =>
  asked.length === 1 ? '1 question' : `${asked.length} questions`

const count = (n: number): string => n.toLocaleString('en-US')
