/**
 * Reads questions from a format of your own: here blocks of text, each a context, a line "Q: ..." and a line "A: ...",
 * with empty lines between blocks. Prints the windows that a model would be trained on.
 *
 *   npx tsx examples/data-reader.ts MODEL FILE
 *
 * In a project of your own, import from 'spanforge'.
 */
import { readFile } from 'node:fs/promises'
import { AutoTokenizer, createDataset, type Example, toSquadJson } from '../src/index.ts'

const [name, file] = process.argv.slice(2)

function readBlock(block: string, index: number): Example {
  const [, context, question, text] = /^([\s\S]*)\nQ: (.*)\nA: (.*)$/.exec(block.trim()) ?? []
  if (context === undefined)
    throw new Error(`${file}: block ${index + 1} has no lines "Q: ..." and "A: ..." at its end`)
  // Positions count UTF-16 units, as indexOf does. An empty "A:" is a question without an answer.
  const answer_start = context.indexOf(text)
  if (answer_start < 0) throw new Error(`${file}: block ${index + 1}: the text does not contain the answer "${text}"`)
  return { id: `${index + 1}`, question, context, answers: text ? [{ text, answer_start }] : [] }
}

const examples = (await readFile(file, 'utf8'))
  .trim()
  .split(/\n{2,}/)
  .map(readBlock)
const tokenizer = await AutoTokenizer.from_pretrained(name)
const { windows } = createDataset(tokenizer, examples, { max_seq_length: 48, doc_stride: 8 })
for (const { example, input_ids, start_position, end_position } of windows)
  console.log(`${examples[example].question} -> ${tokenizer.decode(input_ids.slice(start_position, end_position + 1))}`)
// The same questions as a SQuAD file, which `spanforge train --train_file` reads.
console.log(toSquadJson(examples).length, 'characters of SQuAD JSON')
