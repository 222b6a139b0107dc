import { computed, signal } from '@preact/signals'
import type { PassageDetail, PassageList, PassagesQuery, ProjectInfo } from '../../src/annotate/http/contract.ts'
import type { TextSpan } from '../../src/squad/types.ts'
import { kept } from '../shared/storage.ts'

export type PassageFilter = Pick<PassagesQuery, 'document' | 'search' | 'show' | 'order'>

/** Name of the annotator in this browser. */
const me = signal<string | undefined>(kept('annotator'))
const info = signal<ProjectInfo | undefined>(undefined)
const filter = signal<PassageFilter>({ search: '', show: 'all', order: 'document' })
const list = signal<PassageList>({ total: 0, passages: [] })
const current = signal<PassageDetail | undefined>(undefined)

/** Id of the question whose answers are being marked. */
const selected = signal<string | undefined>(undefined)
/** The marked words, which become an answer. */
const mark = signal<TextSpan | undefined>(undefined)
/** Id of the question whose wording is being edited. */
const editing = signal<string | undefined>(undefined)
/** What is being commented on: the id of a question, or "" for the passage. */
const commenting = signal<string | undefined>(undefined)

/** Whether the list is shown on a narrow screen, where it covers the passage. */
const isListOpen = signal(false)

/** Number of changes that the server has not confirmed. */
const unsaved = signal(0)
/** Whether the browser storage has all of them, so that they survive even if the page is closed. */
const areKept = signal(true)
/** Whether the server cannot be reached. */
const isOffline = signal(false)
const complaint = signal<string | undefined>(undefined)
/** Message for screen readers. */
const announcement = signal('')
const openDialog = signal<'person' | 'disagreements' | 'import' | 'help' | 'token' | undefined>(undefined)

const selectedQuestion = computed(() => current.value?.questions.find(({ id }) => id === selected.value))

/** The state of the page. Components read it, and change it through actions.ts. */
export const annotating = {
  me,
  info,
  filter,
  list,
  current,
  selected,
  mark,
  editing,
  commenting,
  isListOpen,
  unsaved,
  areKept,
  isOffline,
  complaint,
  announcement,
  openDialog,
  selectedQuestion,
}
