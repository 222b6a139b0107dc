import { htmlText } from './html-text.ts'

/** File types accepted by the file chooser. */
export const READABLE = '.txt,.text,.md,.markdown,.html,.htm,.pdf,text/*,application/pdf'

const MAX_BYTES = 100 * 2 ** 20

/**
 * Reads the text of a PDF, HTML, Markdown or plain text file (UTF-8, UTF-16 with a byte order mark, or Windows-1252).
 * @throws Error with a message for the user if the file cannot be read
 */
export async function textOfFile(file: File): Promise<string> {
  if (file.size > MAX_BYTES) throw new Error(`“${file.name}” is larger than 100 MB. Use a part of it.`)
  const bytes = await file.arrayBuffer()
  const text = tidy(await read(file, bytes))
  if (text.trim() === '') throw new Error(`“${file.name}” contains no text.`)
  return text
}

/** Normalizes line breaks and removes a byte order mark. */
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

/** DOMParser neither loads resources nor runs scripts. */
const fromHtml = (html: string): string => htmlText(new DOMParser().parseFromString(html, 'text/html').body)

export function decoded(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes.subarray(0, 4096).includes(0))
    throw new Error(`“${name}” is not a text file. Use a text, Markdown, HTML or PDF file.`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
