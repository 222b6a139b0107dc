import { readExamples } from '../data/read-examples.ts'
import type { Example } from '../squad/types.ts'

export interface LoadSquadOptions {
  /** Number of questions to take, from the first on (default: all). */
  readonly max_samples?: number
}

/**
 * The questions of a data file, in file order: SQuAD v1.1 or v2.0 JSON, or JSON lines, CSV, an Excel workbook, Parquet
 * or Arrow with a question a row, gzipped or not; `answer_start` counts UTF-16 units, as `context.slice` does. Data sets of the
 * hub are read by `loadDataset`.
 * @throws SpanforgeError for a file that cannot be read or is not what it should be, by place and question
 */
export const loadSquad = (file: string, { max_samples }: LoadSquadOptions = {}): Promise<Example[]> =>
  readExamples(file, { max_samples })
