/** Extracts text from PDFs with pdfjs, loaded on demand. Its worker and character maps are assets of the page. */
import { GlobalWorkerOptions, getDocument } from 'pdfjs-dist'
import workerAddress from 'pdfjs-dist/build/pdf.worker.min.mjs?url'
import { linesOf, type PageLine, type TextItem } from '../../../src/documents/formats/pdf-lines.ts'
import { textOfPages } from '../../../src/documents/formats/pdf-paragraphs.ts'

GlobalWorkerOptions.workerSrc = workerAddress

/** Character maps for Chinese, Japanese and Korean fonts, which refer to them by name. */
const characterMaps = import.meta.glob<string>('/../node_modules/pdfjs-dist/cmaps/*.bcmap', {
  // The content security policy allows fetching files of the server, but not data: URLs.
  query: '?url&no-inline',
  import: 'default',
  eager: true,
})

class CharacterMaps {
  async fetch({ name }: { name: string }) {
    const found = Object.entries(characterMaps).find(([path]) => path.endsWith(`/${name}.bcmap`))
    if (!found) throw new Error(`unknown character map ${name}`)
    const response = await fetch(found[1])
    return { cMapData: new Uint8Array(await response.arrayBuffer()), isCompressed: true }
  }
}

/** @throws Error if the file is not a PDF, requires a password, or contains only images */
export async function pdfText(bytes: ArrayBuffer): Promise<string> {
  const task = getDocument({
    data: bytes,
    // The content security policy forbids eval.
    isEvalSupported: false,
    useWorkerFetch: false,
    disableFontFace: true,
    CMapReaderFactory: CharacterMaps,
  })
  try {
    const document = await task.promise
    const pages: PageLine[][] = []
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number)
      const { items } = await page.getTextContent()
      pages.push(linesOf(items.filter((item) => 'str' in item) as TextItem[]))
      page.cleanup()
    }
    if (pages.every((lines) => lines.length === 0)) throw new Error('its pages are images without text')
    return textOfPages(pages)
  } finally {
    await task.destroy()
  }
}
