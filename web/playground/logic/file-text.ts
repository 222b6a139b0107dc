import { htmlText } from './html-text.ts'

/** What the file chooser offers. */
export const READABLE = '.txt,.text,.md,.markdown,.html,.htm,.pdf,text/*,application/pdf'

const MOST_BYTES = 100 * 2 ** 20

/**
 * The text of a file: PDF, HTML, Markdown, or plain text in UTF-8, UTF-16 with its mark, or Windows-1252.
 * @throws Error that says to a person why the file cannot be read
 */
export async function textOfFile(file: File): Promise<string> {
  if (file.size > MOST_BYTES) throw new Error(`“${file.name}” has more than 100 MB. Give a part of it.`)
  const bytes = await file.arrayBuffer()
  const text = tidy(await read(file, bytes))
  if (text.trim() === '') throw new Error(`“${file.name}” holds no text.`)
  return text
}

/** Line breaks of one kind, and no mark of the encoding. */
export const tidy = (text: string): string => text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')

async function read({ name, type }: File, bytes: ArrayBuffer): Promise<string> {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  if (ending === 'pdf' || type === 'application/pdf') {
    const { pdfText } = await import('./pdf-text.ts')
    return pdfText(bytes).catch((error: Error) => {
      throw new Error(`“${name}” cannot be read as a PDF: ${error.message}.`, { cause: error })
    })
  }
  const text = decoded(name, new Uint8Array(bytes))
  if (/^x?html?$/.test(ending) || type === 'text/html') return fromHtml(text)
  if (/^(md|markdown)$/.test(ending) || type === 'text/markdown') {
    const { marked } = await import('marked')
    return fromHtml(await marked.parse(text))
  }
  return text
}

/** A document that is parsed this way loads nothing and runs nothing. */
const fromHtml = (html: string): string => htmlText(new DOMParser().parseFromString(html, 'text/html').body)

export function decoded(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes.subarray(0, 4096).includes(0))
    throw new Error(`“${name}” is no text. Give a text, Markdown, HTML or PDF file.`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
