/** Sends questions and receives streamed answers. */
import type { StreamEvent } from '../../src/server/http/contract.ts'
import { backend, ServiceError } from './backend.ts'
import { start as startCollection } from './collection.ts'
import { keepVisit } from './keeping.ts'
import { verdictOf } from './logic/verdict.ts'
import * as state from './state.ts'

/** Number of answers to request. Fewer are shown, because many are variants of a better one at the same place. */
const TOP_K = 20

/** Aborts the requests about the current text when another one is opened. */
let reading = new AbortController()
let lastId = 0
/** Maximum questions and windows per request. */
let mostQuestions = 100
let mostWindows = 10_000

/** Minimum number of characters per window, for languages in which each character is a token. */
const WINDOW = 240

/** Asks all selected models, shows the first question and adds the text to the history. */
export function ask(texts: readonly string[]): void {
  askWithoutHistory(texts)
  void keepVisit()
}

export function askWithoutHistory(texts: readonly string[]): void {
  const known = new Set(state.questions.value.map(({ question }) => question))
  const fresh = [...new Set(texts.map((one) => one.trim()))].filter((one) => one !== '' && !known.has(one))
  const asked = fresh.map((question): state.PlaygroundQuestion => ({ id: ++lastId, question, readings: {} }))
  state.questions.value = [...asked, ...state.questions.value]
  const first = asked[0] ?? state.questions.value.find(({ question }) => question === texts[0]?.trim())
  if (first) show(first)
  askMissing()
}

export function show(asked: state.PlaygroundQuestion): void {
  state.active.value = asked.id
  const [model] = state.chosen.value
  goToBest(asked, model)
}

/** Sends each selected model the questions that it has not been asked yet. */
export function askMissing(): void {
  for (const model of state.chosen.value) {
    const open = state.questions.value.filter(({ readings }) => !readings[model])
    const windows = Math.ceil(state.text.value.length / WINDOW)
    const max = Math.max(1, Math.min(mostQuestions, Math.floor(mostWindows / windows)))
    for (let i = 0; i < open.length; i += max) void askModel(model, open.slice(i, i + max))
  }
}

/** Repeats a question after an error. */
export function askAgain(id: number, model: string): void {
  const asked = state.questions.value.find((one) => one.id === id)
  if (asked) void askModel(model, [asked])
}

/** Removes all questions and aborts their requests, because the text has changed. */
export function forgetQuestions(): void {
  reading.abort()
  reading = new AbortController()
  state.questions.value = []
  state.active.value = undefined
  state.lit.value = undefined
  state.marking.value = undefined
}

export function forgetQuestion(id: number): void {
  state.questions.value = state.questions.value.filter((one) => one.id !== id)
  if (state.marking.value?.asked === id) state.marking.value = undefined
  if (state.lit.value?.asked === id) state.lit.value = undefined
  if (state.active.value === id) state.active.value = state.questions.value[0]?.id
  void keepVisit()
}

/** @throws ServiceError if there is no list of models, for example because the server requires a token */
export async function loadModels(): Promise<void> {
  const { models, limits, index, annotate, question_log } = await backend().fetchModels()
  state.models.value = models
  state.annotateAddress.value = annotate
  state.keptBelow.value = question_log?.confidence_below
  startCollection(index)
  mostQuestions = Math.max(1, Math.min(mostQuestions, limits.questions))
  mostWindows = limits.windows
  const known = state.chosen.value.filter((id) => models.some((model) => model.id === id))
  const first = models.find((model) => model.default) ?? models[0]
  state.chosen.value = known.length > 0 || !first ? known : [first.id]
}

async function askModel(model: string, asked: readonly state.PlaygroundQuestion[]): Promise<void> {
  const { signal } = reading
  const questions = asked.map(({ question }) => question)
  for (const { id } of asked) update(id, model, { state: 'waiting', done: 0, total: 0 })
  try {
    const request = { questions, context: state.text.value, model, top_k: TOP_K }
    for await (const event of backend().streamAnswers(request, signal)) take(event, model, asked)
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof ServiceError && error.status === 401) state.openDialog.value = 'token'
    const problem = error instanceof Error ? error.message : String(error)
    for (const { id } of asked)
      if (readingOf(id, model)?.state !== 'done') update(id, model, { state: 'failed', done: 0, total: 0, problem })
    state.announcement.value = problem
  }
}

function take({ name, data }: StreamEvent, model: string, asked: readonly state.PlaygroundQuestion[]): void {
  if (name === 'start')
    for (const [i, { id }] of asked.entries())
      update(id, model, { state: 'reading', done: 0, total: data.windows[i] ?? 0 })
  if (name === 'progress') {
    const { done, total, result } = data
    update(asked[data.question].id, model, { state: 'reading', done, total, result })
  }
  if (name === 'answer') {
    const { id } = asked[data.question]
    const { windows } = data.result
    update(id, model, { state: 'done', done: windows, total: windows, result: data.result })
    const one = state.questions.value.find((each) => each.id === id)
    if (!one) return
    announce(one, model)
    if (id === state.active.value && model === state.chosen.value[0]) goToBest(one, model)
  }
}

function announce({ question, readings }: state.PlaygroundQuestion, model: string): void {
  const { answer, sure } = verdictOf(readings[model].result!, state.threshold.value)
  const from = state.chosen.value.length > 1 ? ` (${model})` : ''
  state.announcement.value = answer
    ? `${question}${from} Answer: ${answer.answer}${sure === null ? '' : `, ${Math.round(100 * sure)} percent confidence`}.`
    : `${question}${from} No answer.`
}

function goToBest({ readings }: state.PlaygroundQuestion, model: string | undefined): void {
  const result = model === undefined ? undefined : readings[model]?.result
  const best = result && verdictOf(result, state.threshold.value).best
  if (best) state.goTo.value = { start: best.start, end: best.end }
}

const readingOf = (id: number, model: string): state.ModelAnswers | undefined =>
  state.questions.value.find((one) => one.id === id)?.readings[model]

function update(id: number, model: string, next: state.ModelAnswers): void {
  state.questions.value = state.questions.value.map((one) =>
    one.id === id ? { ...one, readings: { ...one.readings, [model]: next } } : one,
  )
}
