import { basename, join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError, UsageError } from '../errors.ts'
import { readTextFile } from '../files/text-file.ts'
import { showList } from '../show-value.ts'

/** Files in which `save_to_disk` of Hugging Face's datasets library describes a dataset without or with splits. */
const STATE = 'state.json'
const SPLITS = 'dataset_dict.json'

const state = z.object({
  _data_files: z.array(z.object({ filename: z.string().refine((name) => name === basename(name)) })).min(1),
  _indices_data_files: z.array(z.unknown()).nullish(),
})
const splitNames = z.object({ splits: z.array(z.string().refine((name) => name === basename(name))).min(1) })

/**
 * Returns the Arrow files of a folder written by `save_to_disk`, in order: those of the given split or, if the folder
 * has no splits, all of them. Undefined for any other folder.
 * @throws UsageError for an unknown split
 */
export async function savedDatasetFiles(folder: string, split: string): Promise<string[] | undefined> {
  const splits = await description(join(folder, SPLITS), splitNames)
  if (!splits) return dataFiles(folder)
  if (!splits.splits.includes(split))
    throw new UsageError(`${folder}: no split "${split}"`, `Available splits: ${showList(splits.splits)}.`)
  return dataFiles(join(folder, split))
}

async function dataFiles(folder: string): Promise<string[] | undefined> {
  const path = join(folder, STATE)
  const found = await description(path, state)
  if (found?._indices_data_files?.length)
    throw new SpanforgeError(
      `${path}: the dataset selects rows through a separate index file, which is not supported`,
      {
        remedy: 'Save the dataset again with flatten_indices().save_to_disk(...).',
      },
    )
  return found?._data_files.map(({ filename }) => join(folder, filename))
}

async function description<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readTextFile(path).catch((error) => {
    if (error.cause?.code === 'ENOENT' || error.cause?.code === 'ENOTDIR') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new SpanforgeError(`${path}: not a valid dataset description of save_to_disk`, {
      remedy: 'Save the dataset again with save_to_disk.',
      cause,
    })
  }
}
