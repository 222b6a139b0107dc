import { readExamples } from '../data/read-examples.ts'
import type { Example } from '../squad/types.ts'

export interface LoadSquadOptions {
  /** Maximum number of questions to read (default: all). */
  readonly max_samples?: number
}

/**
 * Reads the questions of a data file in order: SQuAD v1.1 or v2.0 JSON, or JSON lines, CSV, an Excel workbook, Parquet
 * or Arrow with one question per row, optionally gzipped. `answer_start` counts UTF-16 units, like `context.slice`. Use
 * `loadDataset` for datasets on the hub.
 * @throws SpanforgeError for a file that cannot be read or is invalid, with the position and the question
 */
export const loadSquad = (file: string, { max_samples }: LoadSquadOptions = {}): Promise<Example[]> =>
  readExamples(file, { max_samples })
