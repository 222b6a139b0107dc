/** Processes the questions of a request, from its body to its results. */
import type { SearchOptions } from '../../inference/pipeline.ts'
import { type WindowPlanOptions, windowingPlan } from '../../inference/pipeline-options.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { AnswerResult } from '../http/contract.ts'
import type { ServedModel } from '../models/models.ts'
import type { Asker } from '../security/client.ts'
import { AnswerSize, checkQuestions, checkTexts, type TextLimits } from '../tokenizing/limits.ts'
import type { OpenRequest } from '../tokenizing/request-tokenizer.ts'
import { gatherTexts, type QuestionFields, taskSize } from '../tokenizing/tokenizing-task.ts'

/** The questions of a request, with the options, limits and client that apply to them. */
export interface QuestionRequest {
  readonly questions: readonly QuestionFields[]
  readonly options: WindowPlanOptions
  readonly limits: TextLimits
  /** Processing stops once its signal is aborted. */
  readonly asker: Asker
}

/**
 * Tokenizes the texts of a request. Until it is closed, the request keeps its place in the queue and its model stays
 * loaded.
 * @throws HttpProblem if the request exceeds a limit or the queue is full; UsageError for an option that the model does
 * not support
 */
export async function openRequest(model: ServedModel, request: QuestionRequest): Promise<OpenRequest> {
  const { questions, options, limits, asker } = request
  const { thread, requestTokenizer, queue } = model
  checkQuestions(questions, limits)
  const gathered = gatherTexts(questions)
  checkTexts(gathered.texts, limits)
  const { windows } = windowingPlan(thread.tokenizer, thread.facts.geometry, options)
  const task = { ...gathered, windows, max_windows: limits.windows }
  const release = model.hold()
  const closing = [release]
  const close = () => {
    for (const step of closing) step()
  }
  try {
    const place = queue.enter(taskSize(task), asker.client)
    closing.push(place.leave)
    const opened = await requestTokenizer.open(task, asker.signal)
    closing.push(opened.close)
    place.measure(opened.rows.tokens)
    return { ...opened, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Opens a request, and closes it once `use` has settled. */
export async function withRequest<T>(
  model: ServedModel,
  request: QuestionRequest,
  use: (opened: OpenRequest) => Promise<T>,
): Promise<T> {
  const opened = await openRequest(model, request)
  try {
    return await use(opened)
  } finally {
    opened.close()
  }
}

/** Computes the results of all questions, in request order. */
export async function answerAll(
  { queue }: ServedModel,
  opened: OpenRequest,
  options: SearchOptions,
  asker: Asker,
): Promise<AnswerResult[]> {
  const logits = await queue.ask(opened.rows, asker)
  const results: AnswerResult[] = []
  const size = new AnswerSize()
  for (const question of opened.rows.windows.keys()) {
    asker.signal.throwIfAborted()
    const result = await opened.answers(question, opened.rows.ofQuestion(logits, question), options)
    size.add(result.answers)
    results.push(result)
  }
  return results
}

/** The logits of a question's leading windows, up to the first one that is not yet computed. */
export function firstComputed(logits: readonly (WindowLogits | undefined)[]): readonly WindowLogits[] {
  const end = logits.indexOf(undefined)
  return (end < 0 ? logits : logits.slice(0, end)) as readonly WindowLogits[]
}
