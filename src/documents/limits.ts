/** What a document may cost. A document that exceeds a limit is skipped with a message. */
export interface DocumentLimits {
  /** Maximum size of the file in bytes. */
  readonly max_bytes: number
  /** Maximum size of the parts of a docx file after decompression, in bytes. */
  readonly max_unpacked: number
  /** Maximum number of pages of a PDF. */
  readonly max_pages: number
  /** Maximum number of characters of text. */
  readonly max_characters: number
  /** Maximum time for reading one document, in seconds. */
  readonly max_seconds: number
  /** Maximum memory for reading one document, in bytes. */
  readonly max_memory: number
}

const MEGABYTE = 2 ** 20

export const DOCUMENT_LIMITS: DocumentLimits = {
  max_bytes: 100 * MEGABYTE,
  max_unpacked: 200 * MEGABYTE,
  max_pages: 5000,
  max_characters: 20_000_000,
  max_seconds: 60,
  max_memory: 1024 * MEGABYTE,
}
