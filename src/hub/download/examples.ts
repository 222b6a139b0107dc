import { basename } from 'node:path'
import { asyncBufferFromFile } from 'hyparquet'
import { SpanforgeError } from '../../errors.ts'
import { parquetExamples } from '../../squad/reading/parquet.ts'
import type { Example } from '../../squad/types.ts'
import { type DatasetOptions, resolveDataset } from './datasets.ts'

/** Yields the examples of Parquet files, one file after another, with one row group in memory at a time. */
export async function* readParquet(files: readonly string[]): AsyncGenerator<Example> {
  for (const file of files) yield* parquetExamples(await opened(file), basename(file))
}

async function opened(file: string) {
  try {
    return await asyncBufferFromFile(file)
  } catch (error) {
    throw new SpanforgeError(`${file}: cannot be read (${(error as Error).message})`, { cause: error })
  }
}

/**
 * Loads the first `max_samples` examples (default: all) from a split of a dataset, given as a folder or as a name on
 * the hub.
 */
export async function readDataset(
  nameOrFolder: string,
  { max_samples = Number.POSITIVE_INFINITY, ...options }: DatasetOptions & { readonly max_samples?: number },
): Promise<Example[]> {
  const examples: Example[] = []
  if (max_samples === 0) return examples
  for await (const example of readParquet(await resolveDataset(nameOrFolder, options))) {
    examples.push(example)
    if (examples.length === max_samples) break
  }
  return examples
}
