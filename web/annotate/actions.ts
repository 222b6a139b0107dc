/** User actions and updates from the server. */
import type {
  Disagreements,
  ImportResult,
  PassageDetail,
  PassageList,
  ProjectInfo,
} from '../../src/annotate/http/contract.ts'
import type { AnnotationAction } from '../../src/annotate/project/events.ts'
import type { Answer, TextSpan } from '../../src/squad/types.ts'
import { downloadAs } from '../shared/download.ts'
import { trimmed } from '../shared/marking.ts'
import { randomId } from '../shared/random-id.ts'
import { request, requestJson, ServiceError } from '../shared/requests.ts'
import { keep } from '../shared/storage.ts'
import { restoreChanges, sendChange, sendChanges } from './outbox.ts'
import { type PassageFilter, annotating as state } from './state.ts'

/** Milliseconds between checks for changes by other annotators. */
const POLL = 3000
/** Number of passages loaded into the list at a time. */
const PAGE = 100
/** Maximum number that the server lists at a time. */
const MAX_PAGE = 500

const query = (values: Readonly<Record<string, string | number | undefined>>): string =>
  `${new URLSearchParams(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])))}`

/** Shows an error to the user. */
export function complain(error: unknown): void {
  if (error instanceof ServiceError && error.status === 401) state.openDialog.value = 'token'
  else if (error instanceof ServiceError && error.status === 0) state.isOffline.value = true
  else state.complaint.value = (error as Error).message
}

/** Loads the page, then polls for changes by other annotators. If the page could not be loaded, tries again. */
export async function openProject(): Promise<void> {
  for (;;) {
    // The dialog for the token loads the page itself. A late response to a request without it would open the dialog again.
    if (state.openDialog.value !== 'token') await (state.info.value ? refresh() : beginSession().catch(complain))
    await new Promise((done) => setTimeout(done, POLL))
    if (document.visibilityState === 'hidden') await visible()
  }
}

const visible = (): Promise<unknown> =>
  new Promise((done) => document.addEventListener('visibilitychange', done, { once: true }))

/**
 * Loads the project and opens the passage in the address, or the first one. Then sends unsaved changes.
 * @throws ServiceError
 */
export async function beginSession(): Promise<void> {
  await loadProject()
  const { annotators, is_restricted, has_suggestions, created } = state.info.value!
  restoreChanges(created)
  if (has_suggestions) state.filter.value = { ...state.filter.value, order: 'certainty' }
  const isKnown = state.me.value !== undefined && (!is_restricted || annotators.includes(state.me.value))
  if (!isKnown) state.me.value = undefined
  if (is_restricted) state.filter.value = { ...state.filter.value, show: 'assigned' }
  await loadList()
  const id = new URLSearchParams(location.hash.slice(1)).get('passage')
  await open(id ?? state.list.value.passages[0]?.id)
  if (!isKnown) state.openDialog.value = 'person'
  void sendChanges().then(() => refresh())
}

async function loadProject(): Promise<void> {
  state.info.value = await requestJson<ProjectInfo>(`api/project?${query({ annotator: state.me.value })}`)
  state.isOffline.value = false
}

/** Annotates under this name from now on. */
export async function beginAs(name: string): Promise<void> {
  state.me.value = name
  keep('annotator', name)
  state.openDialog.value = undefined
  await refresh(true)
}

/** Fetches a part of the list that the filter shows. */
const fetchList = (limit: number, offset = 0): Promise<PassageList> =>
  requestJson(`api/passages?${query({ annotator: state.me.value, ...state.filter.value, limit, offset })}`)

let listing = 0

export async function loadList(): Promise<void> {
  const number = ++listing
  try {
    const found = await fetchList(PAGE)
    if (number === listing) state.list.value = found
  } catch (error) {
    complain(error)
  }
}

/** Lists more passages. */
export async function loadMore(): Promise<void> {
  const { passages } = state.list.value
  const number = listing
  try {
    const more = await fetchList(PAGE, passages.length)
    if (number === listing) state.list.value = { total: more.total, passages: [...passages, ...more.passages] }
  } catch (error) {
    complain(error)
  }
}

export function setFilter(change: Partial<PassageFilter>): void {
  state.filter.value = { ...state.filter.value, ...change }
  void loadList()
}

/** Updates the page if anyone has changed something. */
export async function refresh(always = false): Promise<void> {
  try {
    const before = state.info.value?.revision
    await loadProject()
    if (!always && before === state.info.value?.revision) return
    const { list, current } = state
    const shown = Math.max(PAGE, list.value.passages.length)
    const number = ++listing
    const found = await fetchList(Math.min(MAX_PAGE, shown))
    if (number === listing) list.value = found
    if (current.value) await loadPassage(current.value.id)
  } catch (error) {
    complain(error)
  }
}

/** Id of the passage that is shown or being loaded. */
let wanted: string | undefined
/** Number of requests for passages, and which of them the page shows. */
let [lastRequest, shownRequest] = [0, 0]

/** Returns false if the page shows something else by now. */
async function loadPassage(id: string): Promise<boolean> {
  const number = ++lastRequest
  const passage = await requestJson<PassageDetail>(
    `api/passages/${encodeURIComponent(id)}?${query({ annotator: state.me.value })}`,
  )
  const { current } = state
  // Another passage may have been opened in the meantime, or the response to a later request has arrived before.
  if (wanted !== id || number < shownRequest) return false
  shownRequest = number
  if (JSON.stringify(current.value) !== JSON.stringify(passage)) current.value = passage
  return true
}

/** Opens a passage, with its first question without an answer selected. */
export async function open(id: string | undefined): Promise<void> {
  state.isListOpen.value = false
  if (id === undefined || id === wanted) return
  wanted = id
  try {
    state.current.value = undefined
    state.selected.value = undefined
    state.mark.value = undefined
    state.editing.value = undefined
    state.commenting.value = undefined
    if (!(await loadPassage(id))) return
    history.replaceState(null, '', `#passage=${id}`)
    select(state.current.value!.questions.find(({ own }) => !own)?.id)
    document.getElementById('passage')?.scrollTo(0, 0)
    // In a long text, the answer may be far below.
    requestAnimationFrame(() => document.querySelector('#passage mark')?.scrollIntoView({ block: 'nearest' }))
  } catch (error) {
    if (wanted === id) wanted = undefined
    complain(error)
  }
}

/** Opens the next or previous passage of the list. */
export async function step(by: number): Promise<void> {
  const { passages } = state.list.value
  const index = passages.findIndex(({ id }) => id === wanted)
  if (index + by >= passages.length && passages.length < state.list.value.total) await loadMore()
  const next = state.list.value.passages[Math.max(0, index + by)]
  if (next) await open(next.id)
}

export function select(id: string | undefined): void {
  state.selected.value = id
  state.mark.value = undefined
}

/** Selects the next or previous question of the passage. */
export function selectNext(by: number): void {
  const questions = state.current.value?.questions ?? []
  const index = questions.findIndex(({ id }) => id === state.selected.value)
  const next = questions[Math.max(0, Math.min(questions.length - 1, index + by))]
  if (!next) return
  select(next.id)
  reveal(next.id)
  state.announcement.value = next.question
}

/** Scrolls to a question once it is rendered. */
const reveal = (id: string): unknown =>
  requestAnimationFrame(() => document.querySelector(`[data-question="${id}"]`)?.scrollIntoView({ block: 'nearest' }))

/** Marks words of the passage. */
export function markSpan(span: TextSpan | undefined): void {
  const { text } = state.current.value!
  state.mark.value = span && trimmed(text, span)
  if (state.mark.value) state.announcement.value = text.slice(state.mark.value.start, state.mark.value.end)
}

/** Sends a change of the current annotator, and shows its result. Returns whether it was stored. */
async function change(action: DistributiveOmit<AnnotationAction, 'annotator'>): Promise<string | true | undefined> {
  if (state.me.value === undefined) {
    state.openDialog.value = 'person'
    return undefined
  }
  try {
    const { id } = await sendChange({ ...action, annotator: state.me.value } as AnnotationAction)
    state.complaint.value = undefined
    await refresh(true)
    return id ?? true
  } catch (error) {
    complain(error)
    return undefined
  }
}

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never

const answerOf = (text: string, { start, end }: TextSpan): Answer => ({
  text: text.slice(start, end),
  answer_start: start,
})

/** Adds a question, with the marked words as its answer. Returns whether it was stored. */
export async function addQuestion(question: string): Promise<boolean> {
  const { id: passage, text } = state.current.value!
  const { mark } = state
  const answer = mark.value && state.selected.value === undefined ? answerOf(text, mark.value) : undefined
  const id = await change({ type: 'question', id: randomId(), passage, question })
  if (typeof id !== 'string') return false
  if (state.current.value?.id !== passage) return true
  if (answer) await change({ type: 'answer', id, answers: [answer] })
  select(id)
  reveal(id)
  return true
}

/** Adds the marked words to the answers of the selected question. */
export async function addMark(): Promise<void> {
  const { selectedQuestion: question, mark, current } = state
  if (!question.value || !mark.value || !current.value) return
  const answer = answerOf(current.value.text, mark.value)
  const own = question.value.own?.answers ?? []
  if (own.some((one) => isSame(one, answer))) return
  mark.value = undefined
  await setAnswers(question.value.id, [...own, answer])
}

export const isSame = (a: Answer, b: Answer): boolean => a.text === b.text && a.answer_start === b.answer_start

/** Sets the annotator's answers; empty for "no answer". Records whether the suggestion was accepted or corrected. */
export async function setAnswers(id: string, answers: readonly Answer[]): Promise<void> {
  const question = state.current.value?.questions.find((one) => one.id === id)
  const suggestion = question?.suggestion
  const isAccepted =
    suggestion &&
    (suggestion.answer === ''
      ? answers.length === 0
      : answers.some((one) => isSame(one, { text: suggestion.answer, answer_start: suggestion.answer_start })))
  const stored = await change({
    ...{ type: 'answer', id, answers: [...answers] },
    ...(suggestion && { suggestion, outcome: isAccepted ? 'accepted' : 'corrected' }),
  })
  if (stored)
    state.announcement.value = answers.length > 0 ? `Answer saved: ${answers.at(-1)!.text}` : 'Saved: no answer'
}

/** Accepts the model's suggestion for the selected question, or the answers of the imported file. */
export async function accept(): Promise<void> {
  const { selectedQuestion: question } = state
  if (!question.value) return
  const { id, suggestion, given } = question.value
  if (suggestion) {
    const { answer: text, answer_start } = suggestion
    await setAnswers(id, text === '' ? [] : [{ text, answer_start }])
  } else if (given) await setAnswers(id, given)
}

/** Removes the annotator's answers. */
export const withdraw = (id: string) => change({ type: 'withdraw', id })

export async function edit(id: string, question: string): Promise<void> {
  if (await change({ type: 'edit', id, question })) state.editing.value = undefined
}

export async function remove(id: string): Promise<void> {
  if ((await change({ type: 'delete', id })) && state.selected.value === id) select(undefined)
}

export async function comment(id: string, text: string): Promise<void> {
  const passage = state.current.value!.id
  if (await change({ type: 'comment', passage, comment: text, ...(id && { id }) })) state.commenting.value = undefined
}

/**
 * The passage to work on after this one: the next of the list, or in the order of certainty the first other one, because
 * passages move to the end once their questions are answered.
 */
function nextAfter(id: string): string | undefined {
  const { passages } = state.list.value
  const next = passages[passages.findIndex((one) => one.id === id) + 1]
  if (state.filter.value.order === 'document') return next?.id
  return (passages.find((one) => one.id !== id && one.certainty !== undefined && one.status === 'open') ?? next)?.id
}

/** Marks the passage as done or skipped and opens the next one, or reopens the passage. */
export async function setStatus(status: 'open' | 'done' | 'skipped'): Promise<void> {
  const passage = state.current.value?.id
  if (passage === undefined) return
  // The change may remove the passage from the list or move it.
  const next = nextAfter(passage)
  if (!(await change({ type: 'status', passage, status }))) return
  if (status !== 'open' && state.current.value?.id === passage) await open(next)
}

export async function decide(id: string, from: string): Promise<void> {
  await change({ type: 'decide', id, from })
}

export const fetchDisagreements = () => requestJson<Disagreements>('api/disagreements')

/** Adds the questions of a file. */
export async function importFile(file: File): Promise<ImportResult> {
  const body = JSON.stringify({ name: file.name, content: await file.text() })
  const result = await requestJson<ImportResult>('api/import', { method: 'POST', body })
  await refresh(true)
  return result
}

/** Downloads the annotated questions. */
export async function download(): Promise<void> {
  try {
    const response = await request('api/export')
    downloadAs('annotations.json', await response.blob())
  } catch (error) {
    complain(error)
  }
}
