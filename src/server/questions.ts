/** A request's questions, from its body to its results. */
import { readingOptions } from '../inference/pipeline-options.ts'
import type { RowLogits } from '../models/question-answering.ts'
import type { AnswerResult } from './contract.ts'
import { checkTexts, type TextLimits } from './limits.ts'
import type { ServedModel } from './models.ts'
import type { OpenReading } from './reader.ts'
import type { Asked, ExactOptions, ReadingTask } from './reading.ts'

/** How texts are read, as requests name it. */
export interface ReadingFields {
  readonly max_seq_len?: number
  readonly doc_stride?: number
  readonly max_question_len?: number
}

export interface AnswerFields extends ReadingFields {
  readonly top_k: number
  readonly max_answer_len: number
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
 * @throws Problem for texts above the limits; UsageError for an option that the model cannot follow
 */
export async function openReading(
  { thread, reader }: ServedModel,
  questions: readonly QuestionFields[],
  fields: ReadingFields,
  limits: TextLimits,
): Promise<OpenReading> {
  const gathered = gatherTexts(questions)
  checkTexts(gathered, limits)
  const { windows } = readingOptions(thread.tokenizer, thread.config, fields)
  return reader.open({ ...gathered, windows, pad_token_id: thread.config.pad_token_id })
}

/** What a request asks for; where it says nothing, as the model was trained. */
export const exactOptions = (_model: ServedModel, fields: AnswerFields): ExactOptions => ({
  top_k: fields.top_k,
  max_answer_length: fields.max_answer_len,
  handle_impossible_answer: fields.handle_impossible_answer ?? false,
  null_score_diff_threshold: fields.null_score_diff_threshold ?? 0,
  align_to_words: fields.align_to_words,
})

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
  options: ExactOptions,
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
