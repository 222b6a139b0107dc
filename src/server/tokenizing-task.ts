import type { WindowOptions } from '../squad/windows.ts'

/** A question, and which of the request's texts it is asked about. */
export interface RequestQuestion {
  readonly question: string
  readonly texts: readonly number[]
}

/** All that a request wants read: each text once, however many questions there are about it. */
export interface TokenizingTask {
  readonly texts: readonly string[]
  readonly asked: readonly RequestQuestion[]
  readonly windows: WindowOptions
  /** Most windows of all questions together. */
  readonly max_windows: number
}

/** Characters to be tokenized and pairs of question and text to be planned: roughly what the task costs. */
export const taskSize = ({ texts, asked }: Pick<TokenizingTask, 'texts' | 'asked'>): number =>
  asked.reduce(
    (sum, { question, texts: own }) => sum + question.length + own.length,
    texts.reduce((sum, { length }) => sum + length, 0),
  )

export interface QuestionFields {
  readonly question: string
  readonly context?: string
  readonly contexts?: readonly string[]
}

/** Each of the texts once, and which of them each question is about. */
export function gatherTexts(questions: readonly QuestionFields[]): Pick<TokenizingTask, 'texts' | 'asked'> {
  const places = new Map<string, number>()
  const place = (text: string): number => {
    if (!places.has(text)) places.set(text, places.size)
    return places.get(text)!
  }
  const asked: RequestQuestion[] = questions.map(({ question, context, contexts = [context!] }) => ({
    question,
    texts: contexts.map(place),
  }))
  return { texts: [...places.keys()], asked }
}
