import { stat } from 'node:fs/promises'
import { formatOfName } from '../../data/format.ts'
import { readExamples as readFileExamples } from '../../data/read-examples.ts'
import { savedDatasetFiles } from '../../data/saved-dataset.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { HubOptions } from '../../hub/http/options.ts'
import type { Example } from '../../squad/types.ts'

/** The part of a dataset to read. For a file, only `max_samples` applies. */
export interface DataChoice {
  readonly split: string
  /** Configuration, for a dataset that has several. */
  readonly config?: string | null
  /** Branch, tag or commit of the dataset. */
  readonly revision?: string | null
  /** Maximum number of questions to read; null for all. */
  readonly max_samples?: number | null
  readonly hub?: HubOptions
}

/** The flags of commands and the options of functions that choose the part of a dataset. */
export interface DataOptions {
  readonly split?: string
  readonly dataset_config?: string
  readonly dataset_revision?: string
}

export const dataChoice = (
  { split, dataset_config, dataset_revision }: DataOptions,
  usual: { readonly split: string; readonly hub?: HubOptions },
): DataChoice => ({ ...usual, split: split ?? usual.split, config: dataset_config, revision: dataset_revision })

/**
 * Returns the files with the questions of a source: a data file itself, or the files of one split of a dataset. A data
 * set is a folder of Parquet files, a folder written by `save_to_disk`, or a name on the hub, which is downloaded to the
 * cache. All commands that read data use this.
 * @throws UsageError for the name of a data file that does not exist
 */
export async function dataFiles(source: string, { split, config, revision, hub }: DataChoice): Promise<string[]> {
  const found = await stat(source).catch(() => undefined)
  if (found && !found.isDirectory()) return [source]
  if (!found && formatOfName(source))
    throw new UsageError(`${source}: no such file`, 'Use an existing file or the name of a dataset.')
  const saved = found?.isDirectory() ? await savedDatasetFiles(source, split) : undefined
  if (saved) return saved
  const { resolveDataset } = await import('../../hub/download/datasets.ts')
  try {
    return await resolveDataset(source, { ...hub, split, config: config ?? undefined, revision: revision ?? undefined })
  } catch (error) {
    // A usage error is about the dataset that was found.
    if (found || !(error instanceof SpanforgeError) || error instanceof UsageError) throw error
    const missing = `${source}: no such file, and no dataset with this name could be downloaded: ${error.summary}`
    throw new SpanforgeError(missing, { ...error.options, cause: error })
  }
}

/**
 * Reads the questions of a data file in any format, or of a dataset: a folder of Parquet or Arrow files, or a name on
 * the hub.
 */
export const loadExamples = async (source: string, choice: DataChoice): Promise<Example[]> =>
  readFileExamples(await dataFiles(source, choice), { max_samples: choice.max_samples })
