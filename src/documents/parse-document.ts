/** Converts the bytes of a file to a document. Runs in a worker, because parsers may take long or never end. */
import { DocumentBuilder, type DocumentType, type ReadDocument } from './document.ts'
import type { DocumentLimits } from './document-reader.ts'
import { docxHtml } from './formats/docx.ts'
import { frontMatter } from './formats/front-matter.ts'
import { readHtml } from './formats/html.ts'
import { readPdf } from './formats/pdf.ts'
import { declaredEncoding, decodedText, textPieces } from './formats/text.ts'

/** @throws Error with a reason for the user, such as "requires a password" */
export async function parseDocument(
  type: DocumentType,
  bytes: Uint8Array,
  { max_characters, max_pages, max_unpacked }: DocumentLimits,
): Promise<ReadDocument> {
  rejectOther(type, bytes)
  const builder = new DocumentBuilder(max_characters)
  const add = builder.add.bind(builder)
  const fromHtml = (html: string) => builder.build(type, readHtml(html, add))
  const document = await parsed()
  if (document.blocks.length === 0) throw new Error('contains no text')
  return document

  async function parsed(): Promise<ReadDocument> {
    if (type === 'pdf') return builder.build(type, await readPdf(bytes, max_pages, add))
    if (type === 'docx') return fromHtml(await docxHtml(bytes, max_unpacked))
    if (type === 'html') return fromHtml(decodedText(bytes, declaredEncoding(bytes)))
    const text = decodedText(bytes)
    if (type === 'md') {
      const { marked } = await import('marked')
      const { title, rest } = frontMatter(text)
      readHtml(await marked.parse(rest), add)
      return builder.build(type, { title })
    }
    for (const piece of textPieces(text)) add(piece)
    return builder.build(type)
  }
}

const startsWith = (bytes: Uint8Array, start: string): boolean =>
  Buffer.from(bytes.subarray(0, start.length)).toString('latin1') === start

/** Names the format of files whose ending is wrong. */
function rejectOther(type: DocumentType, bytes: Uint8Array): void {
  if (bytes.length === 0) throw new Error('the file is empty')
  const isPdf = Buffer.from(bytes.subarray(0, 1024)).includes('%PDF-')
  const isOldOffice = startsWith(bytes, '\xd0\xcf\x11\xe0')
  if (type === 'pdf' && !isPdf) throw new Error('not a PDF: it does not begin with %PDF-')
  if (type === 'docx' && isOldOffice)
    throw new Error('a Word 97 document (.doc) or an encrypted one; save it as .docx without a password')
  if (type === 'docx' && !startsWith(bytes, 'PK')) throw new Error('not a docx file, which is a ZIP archive')
  if (type !== 'pdf' && type !== 'docx' && startsWith(bytes, '%PDF-'))
    throw new Error(`a PDF with the ending of another type (${type}); rename it to .pdf`)
}
