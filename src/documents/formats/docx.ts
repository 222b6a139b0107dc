import { unzipSync, zipSync } from 'fflate'
import { headingStyles, withReadableElements } from './docx-xml.ts'

/** The parts of a docx file that contain text, styles and numbering. Pictures and embedded files are not read. */
const READ = /^(\[Content_Types\]\.xml|_rels\/\.rels|word\/(_rels\/)?[^/]+\.(xml|rels)|docProps\/core\.xml)$/
const TEXT = /^word\/[^/]*(?:document|notes)[^/]*\.xml$/

const MAX_PARTS = 10_000

/**
 * Converts a Word document to HTML. Its parts are decompressed beforehand with a limit on their size, so that a small
 * file cannot fill the memory.
 * @throws Error for anything but a docx file
 */
export async function docxHtml(bytes: Uint8Array, max_unpacked: number): Promise<string> {
  const parts = unpacked(bytes, max_unpacked)
  for (const [name, part] of Object.entries(parts))
    if (TEXT.test(name)) parts[name] = Buffer.from(withReadableElements(Buffer.from(part).toString()))
  const styles = Buffer.from(parts['word/styles.xml'] ?? []).toString()
  // It takes longer to load than all other readers.
  const { default: mammoth } = await import('mammoth')
  const { value } = await mammoth
    .convertToHtml(
      { buffer: Buffer.from(zipSync(parts, { level: 0 })) },
      {
        convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
        externalFileAccess: false,
        styleMap: headingStyles(styles),
        transformDocument: withNotes,
      },
    )
    .catch((error) => Promise.reject(explained(error)))
  return value
}

const explained = (error: Error): Error =>
  /main document part/.test(error.message) ? new Error('not a Word document: its main part is missing') : error

function unpacked(bytes: Uint8Array, max_unpacked: number): Record<string, Uint8Array> {
  let count = 0
  let size = 0
  const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
    if (++count > MAX_PARTS) throw new Error(`more than ${MAX_PARTS.toLocaleString('en-US')} parts`)
    if (!READ.test(name)) return false
    size += originalSize
    if (size > max_unpacked) throw new Error(`more than ${Math.floor(max_unpacked / 2 ** 20)} MB after decompression`)
    return true
  }
  const parts = unzipped(bytes, filter)
  // mammoth resolves no entities. A document type is never part of a docx file.
  for (const [name, part] of Object.entries(parts))
    if (Buffer.from(part.subarray(0, 4096)).includes('<!DOCTYPE'))
      throw new Error(`${name} has a document type declaration`)
  return parts
}

function unzipped(...[bytes, filter]: [Uint8Array, (file: { name: string; originalSize: number }) => boolean]) {
  try {
    return unzipSync(bytes, { filter })
  } catch (error) {
    // Errors of fflate have a number as code.
    if ('code' in (error as Error)) throw new Error('a truncated or corrupted docx file')
    throw error
  }
}

/** A part of a document as mammoth reads it. */
interface DocxElement {
  readonly type: string
  readonly children?: readonly DocxElement[]
}

interface DocxDocument extends DocxElement {
  readonly children: readonly DocxElement[]
  readonly notes: { resolve(reference: DocxElement): { readonly body: readonly DocxElement[] } | null }
}

/** Moves footnotes and endnotes from the end of the document to below the paragraph or table that refers to them. */
function withNotes(document: DocxDocument): DocxDocument {
  const children = document.children.flatMap((child) => {
    const references: DocxElement[] = []
    const paragraph = withoutReferences(child, references)
    return [paragraph, ...references.flatMap((reference) => document.notes.resolve(reference)?.body ?? [])]
  })
  return { ...document, children }
}

function withoutReferences(element: DocxElement, found: DocxElement[]): DocxElement {
  const { children } = element
  if (!children) return element
  const kept = children.filter((child) => child.type !== 'noteReference')
  found.push(...children.filter((child) => child.type === 'noteReference'))
  return { ...element, children: kept.map((child) => withoutReferences(child, found)) }
}
