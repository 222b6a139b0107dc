import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildIndex } from '../src/runs/index/build-index.ts'
import { pdfOf } from './pdf-file.ts'

/** Indexes a folder with a Markdown, a PDF and a text document of words that the tiny model knows. Returns the index. */
export async function smallCollection(folder: string): Promise<string> {
  const docs = join(folder, 'docs')
  mkdirSync(docs, { recursive: true })
  const filler = 'una was in the sea.\n\n'.repeat(60)
  writeFileSync(join(docs, 'long.md'), `# Long\n\n${filler}## Pump\n\nbo is in ro. li was in the den.\n\n${filler}`)
  writeFileSync(
    join(docs, 'short.pdf'),
    pdfOf([{ text: 'nothing', y: 700 }], [{ text: 'max is in ka and the pit.', y: 700 }]),
  )
  writeFileSync(join(docs, 'note.txt'), 'eve was in oz.')
  const output_dir = join(folder, 'index')
  await buildIndex([docs], { output_dir })
  return output_dir
}
