/** Worker that searches the index, because SQLite would block the server. Started by served-index.ts. */
import { workerData } from 'node:worker_threads'
import { PassageIndex, type PassageSearchOptions } from '../../search/passage-index.ts'
import { answerCalls } from '../../threads/calls.ts'

const index = PassageIndex.open(workerData as string)

answerCalls({
  facts: () => index.facts,
  search: (question: string, options: PassageSearchOptions) => index.search(question, options),
  documents: (options: { limit: number; offset: number; containing: string }) => ({
    documents: index.documents(options),
    total: index.countDocuments(options.containing),
  }),
  document(id: number, start: number, end: number) {
    const document = index.document(id)
    return document && { ...document, text: index.text(id).slice(start, end) }
  },
  close: () => index.close(),
})
