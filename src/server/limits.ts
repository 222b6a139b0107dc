import { Problem } from './problem.ts'
import type { ReadingTask } from './reading.ts'

export interface TextLimits {
  /** Characters of a question. */
  readonly question: number
  /** Characters of all texts of a request together. */
  readonly context: number
  /** Questions of a request. */
  readonly questions: number
}

/** @throws Problem 413 for more text than is read, 422 for questions too long or too many */
export function checkTexts({ texts, asked }: Pick<ReadingTask, 'texts' | 'asked'>, limits: TextLimits): void {
  const characters = texts.reduce((sum, { length }) => sum + length, 0)
  if (characters > limits.context)
    throw new Problem(413, `The context has ${characters} characters; this server reads ${limits.context} at most.`, {
      remedy: 'Ask about a part of it, or start the server with a larger --max-context.',
    })
  if (asked.length > limits.questions)
    throw new Problem(
      422,
      `The request has ${asked.length} questions; this server takes ${limits.questions} at a time.`,
      { remedy: 'Send them in several requests.' },
    )
  for (const [index, { question }] of asked.entries())
    if (question.length > limits.question)
      throw new Problem(
        422,
        `Question ${index} has ${question.length} characters; this server reads ${limits.question} at most.`,
        { remedy: 'Ask more briefly, or start the server with a larger --max-question.' },
      )
}
