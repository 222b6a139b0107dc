import type { DocumentLimits } from '../../documents/document-reader.ts'
import type { AnnotatedPassage } from '../project/events.ts'

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
}

export interface ImportCounts {
  documents: number
  passages: number
  questions: number
  /** Questions that the project already has. */
  known: number
  /** Documents and questions that could not be read, with the reason. */
  readonly skipped: SkippedItem[]
}

export interface ImportOptions {
  readonly limits?: Partial<DocumentLimits>
  readonly signal?: AbortSignal
  /** Called before each document is read. */
  readonly onDocument?: (done: number, total: number) => void
}
