/** What the page shows, in one place. Components read it, and change it through actions.ts and asking.ts. */
import { computed, signal } from '@preact/signals'
import type { AnswerResult, ModelInfo } from '../../src/server/contract.ts'
import type { Example } from '../../src/squad/types.ts'
import { correctionOf, type KnownAnswer } from './logic/corrections.ts'
import type { Visit } from './logic/history.ts'
import type { Span } from './logic/marking.ts'

/** What one model says to one question: windows read so far, and the best answers in them. */
export interface ModelAnswers {
  readonly state: 'waiting' | 'reading' | 'done' | 'failed'
  readonly done: number
  readonly total: number
  readonly result?: AnswerResult
  readonly problem?: string
}

/** How many answers of a model are shown. */
export const MOST_SHOWN = 5

export interface AskedQuestion {
  readonly id: number
  readonly question: string
  /** By id of the model. */
  readonly readings: Readonly<Record<string, ModelAnswers>>
}

/** One answer on the page. */
export interface Place {
  readonly asked: number
  readonly model: string
  readonly index: number
}

export const text = signal('')
export const name = signal('')
/** Whether the text is being written rather than asked. */
export const editing = signal(true)

/** What is being written, until it is used. */
export const draft = signal('')

export const models = signal<readonly ModelInfo[]>([])
/** Ids of the models that answer, in the server's order. */
export const chosen = signal<readonly string[]>([])

/** Newest first. */
export const questions = signal<readonly AskedQuestion[]>([])
/** The question whose answers the text shows. */
export const active = signal<number | undefined>(undefined)
/** The answer under the pointer or the focus. */
export const lit = signal<Place | undefined>(undefined)
/** Answers with a confidence below this count as none. */
export const threshold = signal(0)
/** The question that is being corrected, and the span marked for it. */
export const marking = signal<{ readonly asked: number; readonly span?: Span } | undefined>(undefined)
/** Where the text view goes next; a new object each time. */
export const goTo = signal<Span | undefined>(undefined)

export const corrections = signal<readonly Example[]>([])
export const history = signal<readonly Visit[]>([])

/** What went wrong, until it is closed. */
export const complaint = signal<string | undefined>(undefined)
/** Read out by screen readers. */
export const announcement = signal('')
export const openDialog = signal<'history' | 'corrections' | 'share' | 'help' | 'token' | undefined>(undefined)

/** The question whose answers light up in the text. */
export const shown = computed(() => {
  const id = marking.value?.asked ?? lit.value?.asked ?? active.value
  return questions.value.find((one) => one.id === id)
})

/** The answer kept as right for a question about this text; null for "there is none", undefined for nothing kept. */
export const knownAnswer = (question: string): KnownAnswer | null | undefined =>
  correctionOf(corrections.value, question, text.value)

export const modelOf = (id: string): ModelInfo | undefined => models.value.find((model) => model.id === id)

/** Whether the model can tell how likely its answers are right. */
export const hasConfidence = (id: string): boolean => modelOf(id)?.answer_settings?.confidence !== undefined

export const NO_CONFIDENCE = 'No percentage: fitting one takes at least 200 questions with known answers'
