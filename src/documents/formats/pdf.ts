import { getDocumentProxy } from 'unpdf'
import type { DocumentPiece } from '../document.ts'
import { HEADING_RATIO, linesOf, type PageLine, type TextItem as TextPiece, usualHeight } from './pdf-lines.ts'
import { type Paragraph, paragraphsOf } from './pdf-paragraphs.ts'

export interface PdfFacts {
  readonly title?: string
  readonly pages: number
}

const MAX_LEVELS = 4

/**
 * Calls `add` for each heading and paragraph. Headings are short paragraphs in a font larger than that of most of the text,
 * because most PDF files do not mark them.
 * @throws Error if the file is not a PDF, requires a password, has too many pages, or contains only images
 */
export async function readPdf(
  bytes: Uint8Array,
  max_pages: number,
  add: (piece: DocumentPiece) => void,
): Promise<PdfFacts> {
  const document = await getDocumentProxy(bytes, {
    isEvalSupported: false,
    disableFontFace: true,
    useSystemFonts: false,
    verbosity: 0,
  }).catch((error) => Promise.reject(explained(error)))
  try {
    const { numPages: pages } = document
    if (pages > max_pages)
      throw new Error(
        `found ${pages.toLocaleString('en-US')} pages, expected at most ${max_pages.toLocaleString('en-US')}`,
      )
    const lines: PageLine[][] = []
    for (let number = 1; number <= pages; number++) {
      const page = await document.getPage(number)
      const { items } = await page.getTextContent()
      lines.push(linesOf(items.filter((item) => 'str' in item) as TextPiece[]))
      page.cleanup()
    }
    if (lines.every((page) => page.length === 0))
      throw new Error('its pages are images without text; run a text recognition (OCR) program first')
    const paragraphs = paragraphsOf(lines)
    const levelOf = headingLevels(paragraphs)
    for (const paragraph of paragraphs) add({ ...paragraph, level: levelOf(paragraph) })
    const { info } = await document.getMetadata().catch(() => ({ info: {} }))
    const { Title: title } = info as { Title?: unknown }
    return { pages, ...(typeof title === 'string' && { title }) }
  } finally {
    await document.loadingTask.destroy()
  }
}

function explained(error: Error): Error {
  if (error.name === 'PasswordException') return new Error('requires a password')
  if (error.name === 'InvalidPDFException') return new Error('not a PDF, or truncated')
  return error
}

/** Returns the level of a heading by the rank of its font size, or undefined for other paragraphs. */
function headingLevels(paragraphs: readonly Paragraph[]): (paragraph: Paragraph) => number | undefined {
  const sizeOf = ({ height }: Paragraph) => Math.round(height * 2) / 2
  const usual = usualHeight(paragraphs)
  const isHeading = (paragraph: Paragraph) =>
    sizeOf(paragraph) > HEADING_RATIO * usual && paragraph.text.length <= 200 && /\p{L}/u.test(paragraph.text)
  const sizes = [...new Set(paragraphs.filter(isHeading).map(sizeOf))].sort((a, b) => b - a)
  return (paragraph) => (isHeading(paragraph) ? Math.min(MAX_LEVELS, 1 + sizes.indexOf(sizeOf(paragraph))) : undefined)
}
