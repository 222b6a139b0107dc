import type { Command } from 'commander'
import { DOCUMENT_LIMITS, type DocumentLimits } from '../../documents/document-reader.ts'
import { integerFrom } from './parsers.ts'

/** Limits on what is read of a document. */
export interface DocumentFlags {
  readonly max_file_size: number
  readonly max_pages: number
  readonly max_seconds: number
}

const MEGABYTE = 2 ** 20

export const withDocumentFlags = (command: Command): Command =>
  command
    .option(
      '--max_file_size <megabytes>',
      'maximum size of a document',
      integerFrom(1),
      DOCUMENT_LIMITS.max_bytes / MEGABYTE,
    )
    .option('--max_pages <integer>', 'maximum number of pages of a PDF', integerFrom(1), DOCUMENT_LIMITS.max_pages)
    .option(
      '--max_seconds <integer>',
      'time limit for reading one document',
      integerFrom(1),
      DOCUMENT_LIMITS.max_seconds,
    )

export const documentLimits = ({ max_file_size, max_pages, max_seconds }: DocumentFlags): Partial<DocumentLimits> => ({
  max_bytes: max_file_size * MEGABYTE,
  max_unpacked: 2 * max_file_size * MEGABYTE,
  max_pages,
  max_seconds,
})
