import { DocumentReader } from '../../documents/document-reader.ts'
import type { FoundDocument } from '../../documents/find-documents.ts'
import { cutPassages } from '../../search/passages.ts'
import type { AnnotatedPassage } from '../project/events.ts'
import { passageId } from '../project/project.ts'
import type { ImportOptions } from './imported.ts'

interface DocumentPassages {
  readonly name: string
  readonly digest: string
  readonly title?: string
  readonly passages: readonly AnnotatedPassage[]
  /** Why the document cannot be read. */
  readonly problem?: string
}

/** Reads documents in a worker with limits, and cuts them into passages as `spanforge index` does. */
export async function* readDocuments(
  documents: readonly FoundDocument[],
  { limits, signal, onDocument }: ImportOptions,
): AsyncGenerator<DocumentPassages> {
  const reader = new DocumentReader(limits)
  try {
    for (const [i, { path, name, type }] of documents.entries()) {
      signal?.throwIfAborted()
      onDocument?.(i, documents.length)
      const result = await reader.read(path, type)
      const { digest = '' } = result
      if ('problem' in result) yield { name, digest, passages: [], problem: result.problem }
      else if ('document' in result) {
        const { title } = result.document
        yield { name, digest, ...(title && { title }), passages: differentPassages(cutPassages(result.document)) }
      }
    }
  } finally {
    await reader.end()
  }
}

/** The passages of a document, without repetitions such as the footers of pages. */
function differentPassages(passages: ReturnType<typeof cutPassages>): AnnotatedPassage[] {
  const different = new Map<string, AnnotatedPassage>()
  for (const { text, headings, pages } of passages) {
    const id = passageId(text)
    const page = pages[0]?.[1]
    if (!different.has(id))
      different.set(id, { id, text, headings: [...headings], ...(page !== undefined && { page }) })
  }
  return [...different.values()]
}
