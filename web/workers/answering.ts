import type { SearchOptions } from '../../src/inference/pipeline.ts'
import { windowingPlan } from '../../src/inference/pipeline-options.ts'
import { withStoredSettings } from '../../src/inference/stored-settings.ts'
import type { PassageSearch } from '../../src/search/passage-search.ts'
import { PASSAGES_READ } from '../../src/search/schema.ts'
import { NOTHING_FOUND, questionAbout, sourcedResult } from '../../src/server/collection/from-index.ts'
import type { CollectionRequest, CollectionResponse } from '../../src/server/http/collection-contract.ts'
import type { AnswerResult, BatchRequest, StreamEvent } from '../../src/server/http/contract.ts'
import { Pace } from '../../src/server/routes/pace.ts'
import { TokenizedRequest } from '../../src/server/tokenizing/tokenized-request.ts'
import { gatherTexts, type QuestionFields } from '../../src/server/tokenizing/tokenizing-task.ts'
import { WindowRows } from '../../src/server/tokenizing/window-rows.ts'
import { weightsRevision } from '../../src/site/manifest.ts'
import type { WindowLogits } from '../../src/squad/answers/document-logits.ts'
import type { ReadModel } from './read-model.ts'

/** Milliseconds of tokenizing after which the worker handles pending messages. */
const TURN = 50

/**
 * Answers questions about one text like the server's `/api/stream`: the same events, windows, answers and scores.
 * @throws SpanforgeError if a question leaves no room for the text; the signal's reason if it is aborted
 */
export async function* answerRequest(
  model: ReadModel,
  { questions = [], context, ...options }: BatchRequest,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const started = performance.now()
  const asked = questions.map((question) => ({ question, context }))
  yield* answerQuestions(model, asked, options, signal)
  yield { name: 'end', data: { model: model.facts.id, milliseconds: performance.now() - started } }
}

/**
 * Answers a question from an index like the server's `/api/search`: the same passages, answers and scores.
 * @throws SpanforgeError if the question leaves no room for a passage; the signal's reason if it is aborted
 */
export async function answerFromPassages(
  model: ReadModel,
  index: PassageSearch,
  { question, passages: max = PASSAGES_READ, documents, ...options }: CollectionRequest,
  signal: AbortSignal,
): Promise<CollectionResponse> {
  const started = performance.now()
  const passages = index.search(question, { passages: max, documents })
  let result: AnswerResult | undefined
  if (passages.length > 0)
    for await (const { name, data } of answerQuestions(model, [questionAbout(question, passages)], options, signal))
      if (name === 'answer') result = data.result
  return {
    ...(result ? sourcedResult(passages, result) : NOTHING_FOUND),
    model: model.facts.id,
    revision: weightsRevision(model.facts),
    milliseconds: performance.now() - started,
  }
}

/** Yields all events of a request but the last one. */
async function* answerQuestions(
  model: ReadModel,
  questions: readonly QuestionFields[],
  { top_k, align_to_words }: SearchOptions,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const { id, max_positions, answer_settings } = model.facts
  const options: SearchOptions = withStoredSettings({ top_k, align_to_words }, answer_settings)
  const { windows } = windowingPlan(model.tokenizer, { max_positions }, options)
  const texts = gatherTexts(questions)
  const request = await tokenized(model, { ...texts, windows, max_windows: Number.POSITIVE_INFINITY }, signal)
  const rows = new WindowRows(request.plan)
  yield { name: 'start', data: { model: id, windows: rows.windows } }
  let row = 0
  for (const [question, total] of rows.windows.entries()) {
    const pace = new Pace()
    const logits: WindowLogits[] = []
    const answers = () => request.answers(question, logits, options)
    while (logits.length < total) {
      if (logits.length > 0 && pace.isDue) {
        const result = await pace.measure(answers)
        yield { name: 'progress', data: { question, done: logits.length, total, result } }
      }
      logits.push(await model.forward(rows.row(row++)))
      await messages(signal)
    }
    yield { name: 'answer', data: { question, result: answers() } }
  }
}

async function tokenized(
  { tokenizer }: ReadModel,
  task: Parameters<typeof TokenizedRequest.steps>[1],
  signal: AbortSignal,
): Promise<TokenizedRequest> {
  const steps = TokenizedRequest.steps(tokenizer, task)
  let turn = performance.now() + TURN
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() < turn) continue
    await messages(signal)
    turn = performance.now() + TURN
  }
}

const channel = new MessageChannel()
channel.port1.start()

/** Lets the worker handle pending messages, one of which may abort the request. Several requests may wait at once. */
async function messages(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    channel.port1.addEventListener('message', resolve, { once: true })
    channel.port2.postMessage(undefined)
  })
  signal.throwIfAborted()
}
