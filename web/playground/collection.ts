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
import { backend } from './backend.ts'
import { errorMessage, showProblem } from './problems.ts'
import * as state from './state.ts'

type ListedDocument = DocumentList['documents'][number]

/** A question to the documents. */
export interface SearchedQuestion {
  readonly id: number
  readonly question: string
  /** Names of the documents that are searched, by id; all if there are none. */
  readonly within: ReadonlyMap<number, string>
  readonly response?: CollectionResponse
  readonly problem?: string
  /** The answer that the user has confirmed. */
  readonly confirmed?: SourcedAnswer
}

/** Number of documents in the index; undefined if there is no index. */
export const documentCount = signal<number | undefined>(undefined)
/** Whether the page shows the documents rather than the user's text. */
export const isShown = signal(false)
/** The documents whose name or title contains the filter; undefined until they are loaded. */
export const documentList = signal<DocumentList | undefined>(undefined)
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

let listing = 0

/** Lists the documents whose name or title contains the filter. */
export async function list(filter: string): Promise<void> {
  containing.value = filter
  const number = ++listing
  try {
    const found = await backend().documents!.list(filter)
    if (number === listing) documentList.value = found
  } catch (error) {
    showProblem(error)
  }
}

export function toggleDocument({ id, name }: Pick<ListedDocument, 'id' | 'name'>): void {
  const next = new Map(selected.value)
  if (!next.delete(id)) next.set(id, name)
  selected.value = next
}

export async function search(question: string, within = selected.value): Promise<void> {
  const asked: SearchedQuestion = { id: ++lastId, question, within }
  searchedQuestions.value = [asked, ...searchedQuestions.value]
  await searchAgain(asked)
}

const update = (id: number, more: Partial<SearchedQuestion>): void => {
  searchedQuestions.value = searchedQuestions.value.map((one) => (one.id === id ? { ...one, ...more } : one))
}

/** Searches the documents for a question, also after an error. */
export async function searchAgain({ id, question, within }: SearchedQuestion): Promise<void> {
  update(id, { problem: undefined })
  try {
    const response = await backend().documents!.search({
      question,
      model: state.chosen.value[0],
      top_k: 5,
      ...(within.size > 0 && { documents: [...within.keys()] }),
    })
    update(id, { response })
    const [best] = response.answers
    state.announcement.value = best.answer
      ? `${question} Answer: ${best.answer}, from ${sourceOf(best)}.`
      : `${question} No answer.`
  } catch (error) {
    const problem = errorMessage(error)
    update(id, { problem })
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
    const document = await backend().documents!.open(id)
    // The user may have followed another link in the meantime, or gone back.
    if (location.hash !== fragment) return true
    opened.value = { document, span }
    state.announcement.value = `${title.value} is open`
  } catch (error) {
    showProblem(error)
  } finally {
    isOpening.value = false
  }
  return true
}

export function closeDocument(): void {
  opened.value = undefined
  history.pushState(null, '', location.pathname + location.search)
}

/** Shows the documents if there is an index, unless the user has opened a text already. */
export function start(index: { readonly documents: number } | undefined): void {
  documentCount.value = index && backend().documents ? index.documents : undefined
  if (documentCount.value === undefined) return
  isShown.value = state.text.value === ''
  void list('')
}

/** Tells the server that an answer is right, if it keeps corrections. */
export async function confirmAnswer(
  { id, question, response, confirmed }: SearchedQuestion,
  answer: SourcedAnswer,
): Promise<void> {
  const { document, page, headings, passage } = answer.source!
  const { text, start } = response!.passages[passage]
  // At once, because a second click would send it twice.
  update(id, { confirmed: answer })
  try {
    await backend().keepCorrection?.({
      ...{ question, context: text, answers: [{ text: answer.answer, answer_start: answer.start - start }] },
      source: { document: document.name, page, headings },
    })
    state.announcement.value = `Saved as correct: ${answer.answer}`
  } catch (error) {
    update(id, { confirmed })
    showProblem(error)
  }
}
