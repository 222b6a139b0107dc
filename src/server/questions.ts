/** A request's questions, from its body to its results. */
import { withSettings } from '../inference/answer-defaults.ts'
import type { SearchOptions } from '../inference/pipeline.ts'
import { type ReadingOptions, readingOptions } from '../inference/pipeline-options.ts'
import type { RowLogits } from '../models/question-answering.ts'
import type { AnswerResult } from './contract.ts'
import { checkTexts, type TextLimits } from './limits.ts'
import type { ServedModel } from './models.ts'
import type { OpenReading } from './reader.ts'
import type { Asked, ReadingTask } from './reading.ts'

/** How a request for answers says what it wants. */
export interface AnswerFields extends Pick<SearchOptions, 'max_seq_len' | 'doc_stride' | 'max_question_len'> {
  readonly top_k: number
  readonly max_answer_len?: number
  readonly handle_impossible_answer?: boolean
  readonly null_score_diff_threshold?: number
  readonly align_to_words: boolean
}

export interface QuestionFields {
  readonly question: string
  readonly context?: string
  readonly contexts?: readonly string[]
}

/** Each of the texts once, and which of them each question is about. */
export function gatherTexts(questions: readonly QuestionFields[]): Pick<ReadingTask, 'texts' | 'asked'> {
  const places = new Map<string, number>()
  const place = (text: string): number => {
    if (!places.has(text)) places.set(text, places.size)
    return places.get(text)!
  }
  const asked: Asked[] = questions.map(({ question, context, contexts = [context!] }) => ({
    question,
    texts: contexts.map(place),
  }))
  return { texts: [...places.keys()], asked }
}

/**
 * Tokenises the texts of a request.
 * @throws Problem for texts above the limits, or where too much waits already; UsageError for an option that the
 * model cannot follow
 */
export async function openReading(
  { thread, reader, queue }: ServedModel,
  questions: readonly QuestionFields[],
  options: ReadingOptions,
  limits: TextLimits,
): Promise<OpenReading> {
  const gathered = gatherTexts(questions)
  checkTexts(gathered, limits)
  const { windows } = readingOptions(thread.tokenizer, thread.config, options)
  return queue.admit(() => reader.open({ ...gathered, windows }))
}

/** The texts of a request, read, for as long as `use` takes; its model stays loaded until then. */
export async function withReading<T>(
  model: ServedModel,
  questions: readonly QuestionFields[],
  options: ReadingOptions,
  limits: TextLimits,
  use: (reading: OpenReading) => Promise<T>,
): Promise<T> {
  const release = model.hold()
  try {
    const reading = await openReading(model, questions, options, limits)
    try {
      return await use(reading)
    } finally {
      reading.close()
    }
  } finally {
    release()
  }
}

/** What a request asks for; where it says nothing, as the settings stored with the model were fitted. */
export function searchOptions({ thread }: ServedModel, fields: AnswerFields): SearchOptions {
  const { top_k, max_answer_len: max_answer_length, handle_impossible_answer, null_score_diff_threshold } = fields
  const { max_seq_len, doc_stride, max_question_len, align_to_words } = fields
  const reading = { max_seq_len, doc_stride, max_question_len, align_to_words }
  return withSettings(
    { top_k, max_answer_length, handle_impossible_answer, null_score_diff_threshold, ...reading },
    thread.facts.settings,
  )
}

/** The logits of a request's windows, one question after the other, as those of each question. */
export function byQuestion<T>({ rows }: OpenReading, logits: readonly T[]): T[][] {
  let first = 0
  return rows.map(({ length }) => {
    first += length
    return logits.slice(first - length, first)
  })
}

/** The results of all questions, in their order. */
export async function answerAll(
  { queue }: ServedModel,
  reading: OpenReading,
  options: SearchOptions,
  signal: AbortSignal,
): Promise<AnswerResult[]> {
  const logits = byQuestion(reading, await queue.ask(reading.rows.flat(), { signal }))
  return Promise.all(logits.map((own, question) => reading.answers(question, own, options)))
}

/** The first windows of a question that have all been computed. */
export function firstComputed(logits: readonly (RowLogits | undefined)[]): readonly RowLogits[] {
  const end = logits.indexOf(undefined)
  return (end < 0 ? logits : logits.slice(0, end)) as readonly RowLogits[]
}
