import type { WindowOptions } from '../../squad/windows.ts'

/** A question and the indices of the texts that it is about. */
export interface RequestQuestion {
  readonly question: string
  readonly texts: readonly number[]
  /** Log probability of each text, as in DocumentLogits. */
  readonly priors?: readonly number[]
}

/** The texts and questions of a request. Each text is included only once, even if several questions share it. */
export interface TokenizingTask {
  readonly texts: readonly string[]
  readonly asked: readonly RequestQuestion[]
  readonly windows: WindowOptions
  /** Maximum windows over all questions. */
  readonly max_windows: number
}

/** Approximate cost of a task: characters to tokenize plus pairs of question and text to plan. */
export const taskSize = ({ texts, asked }: Pick<TokenizingTask, 'texts' | 'asked'>): number =>
  asked.reduce(
    (sum, { question, texts: own }) => sum + question.length + own.length,
    texts.reduce((sum, { length }) => sum + length, 0),
  )

export interface QuestionFields {
  readonly question: string
  readonly context?: string
  readonly contexts?: readonly string[]
  /** Log probability that the answer is in each of the contexts, as in DocumentLogits. */
  readonly priors?: readonly number[]
}

/** Removes duplicate texts and maps each question to the indices of its texts. */
export function gatherTexts(questions: readonly QuestionFields[]): Pick<TokenizingTask, 'texts' | 'asked'> {
  const places = new Map<string, number>()
  const place = (text: string): number => {
    if (!places.has(text)) places.set(text, places.size)
    return places.get(text)!
  }
  const asked: RequestQuestion[] = questions.map(({ question, context, contexts = [context!], priors }) => ({
    question,
    texts: contexts.map(place),
    priors,
  }))
  return { texts: [...places.keys()], asked }
}
