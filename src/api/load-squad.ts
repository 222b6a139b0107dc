import { readFile } from 'node:fs/promises'
import { cannotRead } from '../checkpoint/binary-file.ts'
import { parseSquad } from '../squad/squad-json.ts'
import type { Example } from '../squad/types.ts'

export interface LoadSquadOptions {
  /** The first so many questions; all unless given. */
  readonly max_samples?: number
}

/**
 * The questions of a file in the layout of SQuAD v1.1 or v2.0, in file order; `answer_start` counts UTF-16 units, as
 * `context.slice` does. Data sets of the hub are read by `loadDataset`.
 * @throws SpanforgeError for a file that cannot be read or is not what it should be, by paragraph and question
 */
export async function loadSquad(file: string, { max_samples }: LoadSquadOptions = {}): Promise<Example[]> {
  const text = await readFile(file, 'utf8').catch((error) => Promise.reject(cannotRead(file, error)))
  return parseSquad(text, file).slice(0, max_samples)
}
