import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { type HubOptions, resolveHub } from '../http/options.ts'
import { parseRepository } from '../http/repository.ts'
import { OutOfReachError } from '../http/request.ts'
import { isFolder, rejectPath } from './models.ts'
import { notCached, Snapshot } from './snapshot.ts'
import { type DatasetConfiguration, datasetConfigurations } from './splits.ts'

export interface DatasetOptions extends HubOptions {
  /** Name of the split, such as `train` or `validation`. */
  readonly split: string
  /** Name of the configuration, required if the dataset has several and no default. */
  readonly config?: string
  /** Branch, tag or commit (default: `main`). */
  readonly revision?: string
}

/** Branch on which the hub stores an automatic Parquet conversion of datasets in other formats. */
const CONVERTED = 'refs/convert/parquet'

/**
 * Returns the paths of the Parquet files of one split of a dataset, in order. If a folder of that name exists, it is
 * used; otherwise the dataset of that name is downloaded from the hub into the cache shared with Python.
 */
export async function resolveDataset(nameOrFolder: string, options: DatasetOptions): Promise<string[]> {
  if (await isFolder(nameOrFolder)) {
    const paths = (await readdir(nameOrFolder, { recursive: true })).map((path) => path.replaceAll('\\', '/'))
    const files = chooseFiles(nameOrFolder, datasetConfigurations(paths, undefined), options)
    return files.map((path) => join(nameOrFolder, path))
  }
  rejectPath(nameOrFolder)
  const snapshot = await withParquet(nameOrFolder, options)
  const { files, card } = snapshot.listing
  const paths = chooseFiles(
    nameOrFolder,
    datasetConfigurations(
      files.map(({ path }) => path),
      card?.configs,
    ),
    options,
    snapshot,
  )
  const folder = await snapshot.bring(paths)
  return paths.map((path) => join(folder, path))
}

const hasParquet = ({ listing }: Snapshot): boolean => listing.files.some(({ path }) => path.endsWith('.parquet'))

async function withParquet(name: string, options: DatasetOptions): Promise<Snapshot> {
  const hub = resolveHub(options)
  const repository = parseRepository('dataset', name)
  const revision = options.revision ?? 'main'
  const converted = async () => {
    if (options.revision) return undefined
    const found = await Snapshot.locate(hub, repository, CONVERTED).catch(() => undefined)
    return found && hasParquet(found) ? found : undefined
  }
  const given = await Snapshot.locate(hub, repository, revision).catch(async (error) => {
    // If an earlier download used the converted branch, the cache holds only that branch.
    const kept = hub.offline || error instanceof OutOfReachError ? await converted() : undefined
    if (kept) return kept
    throw error
  })
  if (hasParquet(given)) return given
  const other = await converted()
  if (other) return other
  if (given.source === 'found') throw notCached(repository, revision, 'its Parquet files are')
  throw new SpanforgeError(`hub: the dataset "${name}" (${revision}) has no Parquet files`, {
    remedy:
      'Download its files from its page and pass their paths (SQuAD JSON, JSON lines, CSV, .xlsx, Parquet or Arrow).',
  })
}

function chooseFiles(
  name: string,
  all: readonly DatasetConfiguration[],
  { config, split, revision = 'main' }: DatasetOptions,
  snapshot?: Snapshot,
): readonly string[] {
  const names = all.map((configuration) => configuration.name).join(', ')
  const chosen = all.find((one) => (config === undefined ? one.isDefault : one.name === config))
  const files = chosen?.splits.get(split)
  if (files && files.length > 0) return files
  if (snapshot?.source === 'found')
    throw notCached(snapshot.repository, revision, `its split ${split}${config ? ` of ${config}` : ''} is`)
  if (all.length === 0 && !snapshot)
    throw new UsageError(
      `${name}: the folder contains no Parquet files`,
      'Use a data file, a folder of Parquet files, or a folder written by save_to_disk.',
    )
  if (!chosen)
    throw config === undefined
      ? new UsageError(
          `the dataset "${name}" has several configurations: ${names}`,
          'Choose one with --dataset_config.',
        )
      : new UsageError(
          `the dataset "${name}" has no configuration "${config}"`,
          `Available configurations: ${names || 'none'}.`,
        )
  const splits = [...chosen.splits.keys()].join(', ')
  throw new UsageError(`the dataset "${name}" has no split "${split}"`, `Available splits: ${splits || 'none'}.`)
}
