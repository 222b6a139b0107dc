/** Sends questions and receives streamed answers. */
import type { StreamEvent } from '../../src/server/http/contract.ts'
import { count } from '../shared/numbers.ts'
import { backend } from './backend.ts'
import { start as startCollection } from './collection.ts'
import { keepVisit } from './keeping.ts'
import { verdictOf } from './logic/verdict.ts'
import { errorMessage, showProblem } from './problems.ts'
import * as state from './state.ts'

/** Number of answers to request. Fewer are shown, because many are variants of a better one at the same place. */
const TOP_K = 20

/** Aborts the requests about the current text when another one is opened. */
let reading = new AbortController()
let lastId = 0
/** Maximum questions and windows per request, and characters per question. */
let maxQuestions = 100
let maxWindows = 10_000
let maxCharacters = Number.POSITIVE_INFINITY

/** Minimum number of characters per window, for languages in which each character is a token. */
const WINDOW = 240

/** Explains why these questions cannot be asked; undefined if they can. */
export function questionProblem(texts: readonly string[]): string | undefined {
  const longest = Math.max(...texts.map((text) => text.trim().length))
  if (longest <= maxCharacters) return undefined
  return `The question has ${count(longest)} characters; the maximum is ${count(maxCharacters)}. Shorten it, or paste it as the text.`
}

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

/** Sends each selected model the questions that it has not been asked yet. Loads the models if there are none yet. */
export function askMissing(): void {
  if (state.models.value.length === 0) {
    if (state.questions.value.length > 0) loadModels().catch(showProblem)
    return
  }
  for (const model of state.chosen.value) {
    const open = state.questions.value.filter(({ readings }) => !readings[model])
    void askInTurn(model, open)
  }
}

/** Sends as many questions as a request may have at a time, because every request contains the text. */
async function askInTurn(model: string, asked: readonly state.PlaygroundQuestion[]): Promise<void> {
  const { signal } = reading
  update(model, asked, () => ({ state: 'waiting', done: 0, total: 0 }))
  const windows = Math.ceil(state.text.value.length / WINDOW)
  const max = Math.max(1, Math.min(maxQuestions, Math.floor(maxWindows / windows)))
  for (let i = 0; i < asked.length && !signal.aborted; i += max) await askModel(model, asked.slice(i, i + max), signal)
}

/** Repeats a question after an error. */
export function askAgain(id: number, model: string): void {
  const asked = state.questions.value.find((one) => one.id === id)
  if (asked) void askInTurn(model, [asked])
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

let loading: Promise<void> | undefined

/**
 * Loads the models, and asks them the questions that have been entered in the meantime.
 * @throws ServiceError if there is no list of models, for example because the server requires a token
 */
export function loadModels(): Promise<void> {
  state.isLoadingModels.value = true
  loading ??= load().finally(() => {
    loading = undefined
    state.isLoadingModels.value = false
  })
  return loading
}

async function load(): Promise<void> {
  const { models, limits, index, annotate, question_log } = await backend().fetchModels()
  state.models.value = models
  state.annotateAddress.value = annotate
  state.keptBelow.value = question_log?.confidence_below
  startCollection(index)
  maxQuestions = Math.max(1, Math.min(maxQuestions, limits.questions))
  maxWindows = limits.windows
  maxCharacters = limits.question
  const known = state.chosen.value.filter((id) => models.some((model) => model.id === id))
  const first = models.find((model) => model.default) ?? models[0]
  state.chosen.value = known.length > 0 || !first ? known : [first.id]
  if (first) askMissing()
}

async function askModel(model: string, asked: readonly state.PlaygroundQuestion[], signal: AbortSignal): Promise<void> {
  const questions = asked.map(({ question }) => question)
  try {
    const request = { questions, context: state.text.value, model, top_k: TOP_K }
    for await (const event of backend().streamAnswers(request, signal)) take(event, model, asked)
  } catch (error) {
    if (signal.aborted) return
    const problem = errorMessage(error)
    update(model, asked, (reading) =>
      reading?.state === 'done' ? reading : { state: 'failed', done: 0, total: 0, problem },
    )
    state.announcement.value = problem
  }
}

function take({ name, data }: StreamEvent, model: string, asked: readonly state.PlaygroundQuestion[]): void {
  if (name === 'start') update(model, asked, (_, i) => ({ state: 'reading', done: 0, total: data.windows[i] ?? 0 }))
  if (name === 'progress') {
    const { done, total, result } = data
    update(model, [asked[data.question]], () => ({ state: 'reading', done, total, result }))
  }
  if (name === 'answer') {
    const { id } = asked[data.question]
    const { windows } = data.result
    update(model, [asked[data.question]], () => ({ state: 'done', done: windows, total: windows, result: data.result }))
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

/** Replaces the answers of a model to these questions, at once for all, because every change renders the list. */
function update(
  model: string,
  asked: readonly state.PlaygroundQuestion[],
  next: (before: state.ModelAnswers | undefined, index: number) => state.ModelAnswers,
): void {
  const places = new Map(asked.map(({ id }, i) => [id, i]))
  state.questions.value = state.questions.value.map((one) => {
    const place = places.get(one.id)
    if (place === undefined) return one
    return { ...one, readings: { ...one.readings, [model]: next(one.readings[model], place) } }
  })
}
