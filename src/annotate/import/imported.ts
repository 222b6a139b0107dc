import type { DocumentLimits } from '../../documents/document-reader.ts'
import type { AnnotatedPassage, StoredSuggestion } from '../project/events.ts'

/** A part of a file that cannot be read. */
export interface SkippedItem {
  readonly name: string
  readonly reason: string
}

/** A question as it is in a file. */
export interface ImportedQuestion {
  readonly id: string
  readonly passage: AnnotatedPassage
  /** Title of the document that contains the passage. */
  readonly title?: string
  readonly question: string
  readonly label?: string
  /** Missing if the file has no answers. */
  readonly answers?: readonly { readonly text: string; readonly answer_start: number }[]
  readonly comment?: string
  /** The answer that a model gave. */
  readonly suggestion?: StoredSuggestion
  /** Whether `answers` correct an earlier import of the same question. */
  readonly isCorrected?: boolean
}

export interface ImportCounts {
  documents: number
  passages: number
  questions: number
  /** Questions that the project already has. */
  known: number
  /** Known questions that have new answers. */
  corrected: number
  /** Documents and questions that could not be read, with the reason. */
  readonly skipped: SkippedItem[]
}

export const noImports = (): ImportCounts => ({
  ...{ documents: 0, passages: 0, questions: 0, known: 0, corrected: 0 },
  skipped: [],
})

export interface ImportOptions {
  readonly limits?: Partial<DocumentLimits>
  readonly signal?: AbortSignal
  /** Called before each document is read. */
  readonly onDocument?: (done: number, total: number) => void
}
