import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { loadTokenizer } from '../../src/checkpoint/tokenizer-folder.ts'
import { type Dataset, makeDataset } from '../../src/squad/dataset.ts'
import { parseSquad } from '../../src/squad/reading/squad-json.ts'

/** The windows of the first questions of a SQuAD file, 384 tokens, stride 128. */
export async function readDataset(train_file: string, folder: string, questions: number): Promise<Dataset> {
  const tokenizer = await loadTokenizer(folder)
  const examples = parseSquad(await readFile(train_file, 'utf8'), basename(train_file)).slice(0, questions)
  return makeDataset(tokenizer, examples, { max_seq_length: 384, doc_stride: 128 })
}

/** Some of a data set's windows, in the order given, with the questions that they belong to. */
export function subset({ examples, windows }: Dataset, indices: readonly number[]): Dataset {
  const questions = [...new Set(indices.map((i) => windows[i].example))]
  const place = new Map(questions.map((example, i) => [example, i]))
  return {
    examples: questions.map((example) => examples[example]),
    windows: indices.map((i) => ({ ...windows[i], example: place.get(windows[i].example)! })),
  }
}

/** A share, 0 to 1, of a data set's questions, taken from all over it, with all of their windows. */
export function spread(data: Dataset, share: number): Dataset {
  const picked = Math.max(1, Math.round(data.examples.length * share))
  const examples = new Set(Array.from({ length: picked }, (_, i) => Math.floor((i * data.examples.length) / picked)))
  return subset(
    data,
    data.windows.flatMap(({ example }, i) => (examples.has(example) ? [i] : [])),
  )
}
