/** pdfjs, loaded when the first PDF is opened. Its worker and its character maps are files of this page. */
import { GlobalWorkerOptions, getDocument } from 'pdfjs-dist'
import workerAddress from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import { type Piece, pageText } from './pdf-lines.ts'

GlobalWorkerOptions.workerSrc = workerAddress

/** Chinese, Japanese and Korean fonts name their encoding and leave it to the reader to know it. */
const characterMaps = import.meta.glob<string>('/../node_modules/pdfjs-dist/cmaps/*.bcmap', {
  // The page's security policy lets it fetch files of the server, and no data: addresses.
  query: '?url&no-inline',
  import: 'default',
  eager: true,
})

class CharacterMaps {
  async fetch({ name }: { name: string }) {
    const found = Object.entries(characterMaps).find(([path]) => path.endsWith(`/${name}.bcmap`))
    if (!found) throw new Error(`no character map ${name}`)
    const response = await fetch(found[1])
    return { cMapData: new Uint8Array(await response.arrayBuffer()), isCompressed: true }
  }
}

/** @throws Error for a file that is no PDF, needs a password, or holds pictures of text only */
export async function pdfText(bytes: ArrayBuffer): Promise<string> {
  const task = getDocument({
    data: bytes,
    // The page's security policy forbids it, rightly.
    isEvalSupported: false,
    useWorkerFetch: false,
    disableFontFace: true,
    CMapReaderFactory: CharacterMaps,
  })
  try {
    const document = await task.promise
    const pages: string[] = []
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number)
      const { items } = await page.getTextContent()
      pages.push(pageText(items.filter((item) => 'str' in item) as Piece[]))
      page.cleanup()
    }
    const text = pages.filter(Boolean).join('\n\n')
    if (text === '') throw new Error('its pages are pictures, without text in them')
    return text
  } finally {
    await task.destroy()
  }
}
