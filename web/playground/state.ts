/** The state of the page. Components read it, and change it through actions.ts and asking.ts. */
import { computed, signal } from '@preact/signals'
import type { AnswerResult, ModelInfo } from '../../src/server/http/contract.ts'
import type { Example, TextSpan } from '../../src/squad/types.ts'
import { correctionOf, type KnownAnswer } from './logic/corrections.ts'
import type { Visit } from './logic/history.ts'

/** The answers of one model to one question, and its progress in windows. */
export interface ModelAnswers {
  readonly state: 'waiting' | 'reading' | 'done' | 'failed'
  readonly done: number
  readonly total: number
  readonly result?: AnswerResult
  readonly problem?: string
}

/** Maximum number of shown answers per model. */
export const MAX_SHOWN = 5

export interface PlaygroundQuestion {
  readonly id: number
  readonly question: string
  /** Answers by model id. */
  readonly readings: Readonly<Record<string, ModelAnswers>>
}

/** Identifies an answer on the page. */
export interface AnswerPlace {
  readonly asked: number
  readonly model: string
  readonly index: number
}

export const text = signal('')
export const name = signal('')
/** Whether the text is being edited. */
export const editing = signal(true)

/** The edited text before it is used. */
export const draft = signal('')

export const models = signal<readonly ModelInfo[]>([])
export const isLoadingModels = signal(false)
/** Ids of the selected models, in the server's order. */
export const chosen = signal<readonly string[]>([])

/** The questions, newest first. */
export const questions = signal<readonly PlaygroundQuestion[]>([])
/** The question whose answers are highlighted in the text. */
export const active = signal<number | undefined>(undefined)
/** The hovered or focused answer. */
export const lit = signal<AnswerPlace | undefined>(undefined)
/** Minimum confidence of an answer. */
export const threshold = signal(0)
/** The question being corrected and the marked span. */
export const marking = signal<{ readonly asked: number; readonly span?: TextSpan } | undefined>(undefined)
/** Scroll target of the text view; must be a new object each time. */
export const goTo = signal<TextSpan | undefined>(undefined)

/** Address of the annotation page, if the server has one. */
export const annotateAddress = signal<string | undefined>(undefined)
/** The server keeps questions whose answer has a lower confidence; undefined if it keeps none. */
export const keptBelow = signal<number | undefined>(undefined)

export const corrections = signal<readonly Example[]>([])
export const history = signal<readonly Visit[]>([])

/** The current error message. */
export const complaint = signal<string | undefined>(undefined)
/** Message for screen readers. */
export const announcement = signal('')
export const openDialog = signal<'history' | 'corrections' | 'share' | 'help' | 'token' | undefined>(undefined)

/** The question whose answers are highlighted, including hovered ones. */
export const shownQuestion = computed(() => {
  const id = marking.value?.asked ?? lit.value?.asked ?? active.value
  return questions.value.find((one) => one.id === id)
})

/** The saved correct answer to a question about this text: null for "no answer", undefined if nothing is saved. */
export const knownAnswer = (question: string): KnownAnswer | null | undefined =>
  correctionOf(corrections.value, question, text.value)

export const modelOf = (id: string): ModelInfo | undefined => models.value.find((model) => model.id === id)

/** Whether the model has a stored confidence. */
export const hasConfidence = (id: string): boolean => modelOf(id)?.answer_settings?.confidence !== undefined

export const NO_CONFIDENCE = 'No percentage, because fitting one requires at least 200 questions with known answers'
