import { unzipSync, zipSync } from 'fflate'
import mammoth from 'mammoth'

/** The parts of a docx file that contain text, styles and numbering. Pictures and embedded files are not read. */
const READ = /^(\[Content_Types\]\.xml|_rels\/\.rels|word\/(_rels\/)?[^/]+\.(xml|rels)|docProps\/core\.xml)$/

const MAX_PARTS = 10_000

/**
 * Converts a Word document to HTML. Its parts are decompressed beforehand with a limit on their size, so that a small
 * file cannot fill the memory.
 * @throws Error for anything but a docx file
 */
export async function docxHtml(bytes: Uint8Array, max_unpacked: number): Promise<string> {
  const parts = unpacked(bytes, max_unpacked)
  if (!Object.hasOwn(parts, 'word/document.xml')) throw new Error('not a Word document: word/document.xml is missing')
  const buffer = Buffer.from(zipSync(parts, { level: 0 }))
  const { value } = await mammoth.convertToHtml(
    { buffer },
    { convertImage: mammoth.images.imgElement(async () => ({ src: '' })), externalFileAccess: false },
  )
  return value
}

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
  const parts = unzipSync(bytes, { filter })
  // mammoth resolves no entities. A document type is never part of a docx file.
  for (const [name, part] of Object.entries(parts))
    if (Buffer.from(part.subarray(0, 4096)).includes('<!DOCTYPE'))
      throw new Error(`${name} has a document type declaration`)
  return parts
}
