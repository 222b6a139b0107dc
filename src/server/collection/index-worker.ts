/** Worker that searches the index, because SQLite would block the server. Started by served-index.ts. */
import { workerData } from 'node:worker_threads'
import { PassageIndex } from '../../search/passage-index.ts'
import type { PassageSearchOptions } from '../../search/passage-search.ts'
import { answerCalls } from '../../threads/calls.ts'
import { documentText, type ListOptions, listDocuments } from './from-index.ts'

const index = PassageIndex.open(workerData as string)

answerCalls({
  facts: () => index.facts,
  search: (question: string, options: PassageSearchOptions) => index.search(question, options),
  documents: (options: ListOptions) => listDocuments(index, options),
  document: (id: number, start: number, end?: number) => documentText(index, id, start, end),
  close: () => index.close(),
})
