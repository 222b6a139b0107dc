/** The documents of the index: state and actions. */
import { computed, signal } from '@preact/signals'
import type {
  CollectionResponse,
  DocumentList,
  DocumentText,
  SourcedAnswer,
} from '../../src/server/http/collection-contract.ts'
import type { TextSpan } from '../../src/squad/types.ts'
import { linkedDocument } from '../shared/document-link.ts'
import { backend, ServiceError } from './backend.ts'
import * as state from './state.ts'

type ListedDocument = DocumentList['documents'][number]

/** A question to the documents. */
export interface SearchedQuestion {
  readonly id: number
  readonly question: string
  /** Names of the documents that were searched, if not all. */
  readonly within: readonly string[]
  readonly response?: CollectionResponse
  readonly problem?: string
  /** The answer that the user has confirmed. */
  readonly confirmed?: SourcedAnswer
}

/** Number of documents in the index; undefined if there is no index. */
export const documentCount = signal<number | undefined>(undefined)
/** Whether the page shows the documents rather than the user's text. */
export const isShown = signal(false)
export const documentList = signal<DocumentList>({ documents: [], total: 0 })
export const containing = signal('')
/** The documents to search, by id; all if there are none. */
export const selected = signal<ReadonlyMap<number, string>>(new Map())
export const opened = signal<{ readonly document: DocumentText; readonly span?: TextSpan } | undefined>(undefined)
export const searchedQuestions = signal<readonly SearchedQuestion[]>([])
export const isOpening = signal(false)

/** Title of the open document. */
export const title = computed(() => {
  const document = opened.value?.document
  return document ? (document.title ?? document.name) : ''
})

let lastId = 0

const explain = (error: unknown): string => {
  if (error instanceof ServiceError && error.status === 401) state.openDialog.value = 'token'
  return error instanceof Error ? error.message : String(error)
}

let listing = 0

/** Lists the documents whose name or title contains the filter. */
export async function list(filter: string): Promise<void> {
  containing.value = filter
  const number = ++listing
  try {
    const found = await backend().documents!.list(filter)
    if (number === listing) documentList.value = found
  } catch (error) {
    state.complaint.value = explain(error)
  }
}

export function toggleDocument({ id, name }: Pick<ListedDocument, 'id' | 'name'>): void {
  const next = new Map(selected.value)
  if (!next.delete(id)) next.set(id, name)
  selected.value = next
}

export async function search(question: string): Promise<void> {
  const text = question.trim()
  if (text === '') return
  const id = ++lastId
  const documents = [...selected.value.keys()]
  searchedQuestions.value = [{ id, question: text, within: [...selected.value.values()] }, ...searchedQuestions.value]
  const update = (more: Partial<SearchedQuestion>) => {
    searchedQuestions.value = searchedQuestions.value.map((one) => (one.id === id ? { ...one, ...more } : one))
  }
  try {
    const response = await backend().documents!.search({
      question: text,
      model: state.chosen.value[0],
      top_k: 5,
      ...(documents.length > 0 && { documents }),
    })
    update({ response })
    const [best] = response.answers
    state.announcement.value = best.answer
      ? `${text} Answer: ${best.answer}, from ${sourceOf(best)}.`
      : `${text} No answer.`
  } catch (error) {
    const problem = explain(error)
    update({ problem })
    state.announcement.value = problem
  }
}

export const forget = (id: number): void => {
  searchedQuestions.value = searchedQuestions.value.filter((one) => one.id !== id)
}

/** Describes where an answer comes from, such as "manual.pdf, page 3: Setup › Filter". */
export function sourceOf({ source }: Pick<SourcedAnswer, 'source'>): string {
  if (!source) return ''
  const { document, page, headings } = source
  const place = page === undefined ? document.name : `${document.name}, page ${page}`
  return headings.length > 0 ? `${place}: ${headings.join(' › ')}` : place
}

/** Opens the document that a fragment of the address names. Returns false for other fragments. */
export async function openDocumentLink(fragment: string): Promise<boolean> {
  const linked = linkedDocument(fragment)
  if (!linked || documentCount.value === undefined) return false
  isShown.value = true
  const { id, span } = linked
  const known = opened.value?.document
  if (known?.id === id) {
    opened.value = { document: known, span }
    return true
  }
  isOpening.value = true
  try {
    opened.value = { document: await backend().documents!.open(id), span }
    state.announcement.value = `${title.value} is open`
  } catch (error) {
    state.complaint.value = explain(error)
  } finally {
    isOpening.value = false
  }
  return true
}

export function closeDocument(): void {
  opened.value = undefined
  history.pushState(null, '', location.pathname + location.search)
}

/** Shows the documents if there is an index. */
export function start(index: { readonly documents: number } | undefined): void {
  documentCount.value = index && backend().documents ? index.documents : undefined
  isShown.value = documentCount.value !== undefined
  if (documentCount.value !== undefined) void list('')
}

/** Tells the server that an answer is right, if it keeps corrections. */
export async function confirmAnswer(
  { id, question, response }: SearchedQuestion,
  answer: SourcedAnswer,
): Promise<void> {
  const { document, page, headings, passage } = answer.source!
  const { text, start } = response!.passages[passage]
  try {
    await backend().keepCorrection?.({
      ...{ question, context: text, answers: [{ text: answer.answer, answer_start: answer.start - start }] },
      source: { document: document.name, page, headings },
    })
    searchedQuestions.value = searchedQuestions.value.map((one) =>
      one.id === id ? { ...one, confirmed: answer } : one,
    )
    state.announcement.value = `Saved as correct: ${answer.answer}`
  } catch (error) {
    state.complaint.value = explain(error)
  }
}
