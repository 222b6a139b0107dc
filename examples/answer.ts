/**
 * Answers a question from texts of any length.
 *
 *   npx tsx examples/answer.ts MODEL QUESTION TEXT_FILE...
 *
 * In a project of your own, import from 'spanforge'.
 */
import { readFile } from 'node:fs/promises'
import { pipeline } from '../src/index.ts'

const [name, question, ...files] = process.argv.slice(2)
const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
const answerer = await pipeline('question-answering', name)
const { candidates } = await answerer.search(question, texts, { top_k: 3 })
for (const { document, start, end, score } of candidates)
  console.log(`${(100 * score).toFixed(1)} %  ${files[document]}:${start}  ${texts[document].slice(start, end)}`)
await answerer.dispose()
