/** User actions. */

import type { CorrectionRequest } from '../../src/server/http/contract.ts'
import type { TextSpan } from '../../src/squad/types.ts'
import { trimmed } from '../shared/marking.ts'
import { counted } from '../shared/numbers.ts'
import { ask, askMissing, askWithoutHistory, forgetQuestions, show } from './asking.ts'
import { backend } from './backend.ts'
import { documentCount, isShown, search } from './collection.ts'
import { corrected } from './logic/corrections.ts'
import { textOfFile, tidy } from './logic/file-text.ts'
import type { Visit } from './logic/history.ts'
import { decompress } from './logic/packed.ts'
import type { Session } from './logic/session.ts'
import type { Shared } from './logic/share-link.ts'
import { verdictOf } from './logic/verdict.ts'
import * as state from './state.ts'

/** Shows a text and asks its questions. */
export function openText(text: string, name: string, questions: readonly string[] = []): void {
  isShown.value = false
  const changed = tidy(text)
  if (changed !== state.text.value) forgetQuestions()
  state.text.value = changed
  state.name.value = name
  state.draft.value = changed
  state.editing.value = changed.trim() === ''
  if (questions.length > 0) ask(questions)
}

/** Opens the draft as the text. Returns false if it is empty. */
export function takeDraft(): boolean {
  if (state.draft.value.trim() === '') return false
  openText(state.draft.value, state.text.value === '' ? '' : state.name.value)
  return true
}

export async function openTextFile(file: File): Promise<void> {
  state.announcement.value = `Reading ${file.name}`
  try {
    openText(await textOfFile(file), file.name)
    state.announcement.value = `${file.name} is open`
  } catch (error) {
    state.complaint.value = (error as Error).message
  }
}

export function openShared({ text, name, questions, models, threshold }: Shared): void {
  const known = state.models.value.filter(({ id }) => models.includes(id)).map(({ id }) => id)
  if (known.length > 0) state.chosen.value = known
  state.threshold.value = threshold
  openText(text, name, [...questions].reverse())
}

/** Restores the page after a reload. */
export function openSession({ questions, documents, searched, ...session }: Session): void {
  openShared({ ...session, questions: [] })
  if (documentCount.value !== undefined) {
    isShown.value = documents ?? session.text === ''
    for (const { question, within } of searched) void search(question, new Map(within))
  }
  if (questions.length > 0) askWithoutHistory([...questions].reverse())
  if (session.draft === undefined) return
  state.draft.value = session.draft
  state.editing.value = true
}

export const openVisit = async ({ packed, name, questions }: Visit): Promise<void> =>
  openText(await decompress(packed), name, [...questions].reverse())

/** Selects or deselects a model. At least one stays selected. */
export function toggleModel(id: string): void {
  const next = state.models.value
    .map((model) => model.id)
    .filter((each) => (each === id) !== state.chosen.value.includes(each))
  if (next.length === 0) return
  state.chosen.value = next
  askMissing()
}

export function startMarking(asked: state.PlaygroundQuestion): void {
  state.lit.value = undefined
  show(asked)
  state.marking.value = { asked: asked.id }
}

export function mark(span: TextSpan | undefined): void {
  const { marking, text } = state
  if (!marking.value) return
  marking.value = { asked: marking.value.asked, span: span && trimmed(text.value, span) }
}

const answersAt = (text: string, span: TextSpan | undefined) =>
  span ? [{ text: text.slice(span.start, span.end), answer_start: span.start }] : []

/** Sends a correction to the server, if it keeps them, which the page says. */
async function keepCorrection(correction: CorrectionRequest): Promise<void> {
  try {
    await backend().keepCorrection?.(correction)
  } catch (error) {
    state.complaint.value = `The correction is only saved in this browser: ${(error as Error).message}`
  }
}

/** Saves a correction. Without a span, it says that the text does not answer the question. */
export function correct({ question, readings }: state.PlaygroundQuestion, span: TextSpan | undefined): void {
  const text = state.text.value
  const result = state.chosen.value.map((model) => readings[model]?.result).find((each) => each !== undefined)
  const mistaken = result && verdictOf(result, state.threshold.value).best
  const title = state.name.value || 'Text'
  state.corrections.value = corrected(state.corrections.value, { title, text, question, span, mistaken })
  state.marking.value = undefined
  if (state.keptBelow.value !== undefined)
    void keepCorrection({ question, context: text, answers: answersAt(text, span) })
  const what = span ? `“${text.slice(span.start, span.end)}”` : 'no answer'
  state.announcement.value = `Saved as correct: ${what}. ${counted(state.corrections.value.length, 'correction')} in total.`
}
