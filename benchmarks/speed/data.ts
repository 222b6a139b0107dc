import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { loadTokenizer } from '../../src/checkpoint/tokenizer-folder.ts'
import { createDataset, type Dataset } from '../../src/squad/dataset.ts'
import { parseSquad } from '../../src/squad/reading/squad-json.ts'

/** Reads the windows of the first questions of a SQuAD file, with 384 tokens and a stride of 128. */
export async function readDataset(train_file: string, folder: string, questions: number): Promise<Dataset> {
  const tokenizer = await loadTokenizer(folder)
  const examples = parseSquad(await readFile(train_file, 'utf8'), basename(train_file)).slice(0, questions)
  return createDataset(tokenizer, examples, { max_seq_length: 384, doc_stride: 128 })
}

/** Returns some windows of a dataset, in the given order, with their questions. */
export function subset({ examples, windows }: Dataset, indices: readonly number[]): Dataset {
  const questions = [...new Set(indices.map((i) => windows[i].example))]
  const place = new Map(questions.map((example, i) => [example, i]))
  return {
    examples: questions.map((example) => examples[example]),
    windows: indices.map((i) => ({ ...windows[i], example: place.get(windows[i].example)! })),
  }
}

/** Selects a fraction (0 to 1) of a dataset's questions evenly, with all of their windows. */
export function spread(data: Dataset, share: number): Dataset {
  const picked = Math.max(1, Math.round(data.examples.length * share))
  const examples = new Set(Array.from({ length: picked }, (_, i) => Math.floor((i * data.examples.length) / picked)))
  return subset(
    data,
    data.windows.flatMap(({ example }, i) => (examples.has(example) ? [i] : [])),
  )
}
