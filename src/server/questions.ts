/** A request's questions, from its body to its results. */
import type { SearchOptions } from '../inference/pipeline.ts'
import { type ReadingOptions, readingOptions } from '../inference/pipeline-options.ts'
import type { WindowLogits } from '../squad/readings.ts'
import { AnswerSize } from './answer-size.ts'
import type { Asker } from './client.ts'
import type { AnswerResult } from './contract.ts'
import { checkQuestions, checkTexts, type TextLimits } from './limits.ts'
import type { ServedModel } from './models.ts'
import type { OpenReading } from './reader.ts'
import { gatherTexts, type QuestionFields, taskSize } from './reading-task.ts'

/** What reading a request takes. */
export interface ReadingRequest {
  readonly questions: readonly QuestionFields[]
  readonly options: ReadingOptions
  readonly limits: TextLimits
  /** Once its signal is aborted no more is read. */
  readonly asker: Asker
}

/**
 * Tokenizes the texts of a request. Until the reading is closed the request has a place in the queue, and its model
 * stays loaded.
 * @throws Problem for texts or windows above the limits, or where too much waits already; UsageError for an option
 * that the model cannot follow
 */
export async function openReading(model: ServedModel, request: ReadingRequest): Promise<OpenReading> {
  const { questions, options, limits, asker } = request
  const { thread, reader, queue } = model
  checkQuestions(questions, limits)
  const gathered = gatherTexts(questions)
  checkTexts(gathered.texts, limits)
  const { windows } = readingOptions(thread.tokenizer, thread.facts.geometry, options)
  const task = { ...gathered, windows, max_windows: limits.windows }
  const release = model.hold()
  const closing = [release]
  const close = () => {
    for (const step of closing) step()
  }
  try {
    const place = queue.enter(taskSize(task), asker.client)
    closing.push(place.leave)
    const reading = await reader.open(task, asker.signal)
    closing.push(reading.close)
    place.measure(reading.rows.tokens)
    return { ...reading, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Opens the reading of a request for as long as `use` takes. */
export async function withReading<T>(
  model: ServedModel,
  request: ReadingRequest,
  use: (reading: OpenReading) => Promise<T>,
): Promise<T> {
  const reading = await openReading(model, request)
  try {
    return await use(reading)
  } finally {
    reading.close()
  }
}

/** The results of all questions, in their order. */
export async function answerAll(
  { queue }: ServedModel,
  reading: OpenReading,
  options: SearchOptions,
  asker: Asker,
): Promise<AnswerResult[]> {
  const logits = await queue.ask(reading.rows, asker)
  const results: AnswerResult[] = []
  const size = new AnswerSize()
  for (const question of reading.rows.windows.keys()) {
    asker.signal.throwIfAborted()
    const result = await reading.answers(question, reading.rows.ofQuestion(logits, question), options)
    size.add(result.answers)
    results.push(result)
  }
  return results
}

/** The first windows of a question that have all been computed. */
export function firstComputed(logits: readonly (WindowLogits | undefined)[]): readonly WindowLogits[] {
  const end = logits.indexOf(undefined)
  return (end < 0 ? logits : logits.slice(0, end)) as readonly WindowLogits[]
}
