import { z } from 'zod'
import { globPattern } from '../http/repository.ts'

const PATHS = z.union([z.string(), z.array(z.string())]).transform((paths) => [paths].flat())
const SPLITS = z.union([
  z.array(z.object({ split: z.string(), path: PATHS })),
  PATHS.transform((path) => [{ split: 'train', path }]),
])
/** The part of a dataset's card that assigns files to configurations and splits. */
const CARD = z.array(
  z.object({ config_name: z.coerce.string(), default: z.boolean().optional(), data_files: SPLITS.optional() }),
)

export interface DatasetConfiguration {
  readonly name: string
  readonly isDefault: boolean
  /** Parquet files by split. */
  readonly splits: ReadonlyMap<string, readonly string[]>
}

/** Determines the configurations of a dataset from its card or, if it has none, from the names of its files. */
export function datasetConfigurations(paths: readonly string[], card: unknown): DatasetConfiguration[] {
  const parquet = paths.filter((path) => path.endsWith('.parquet')).sort()
  const parsed = CARD.safeParse(card)
  const fromCard = parsed.success ? parsed.data.filter(({ data_files }) => data_files !== undefined) : []
  if (fromCard.length === 0) return byName(parquet)
  return fromCard.map(({ config_name, default: isDefault, data_files }) => ({
    name: config_name,
    isDefault: isDefault ?? (config_name === 'default' || fromCard.length === 1),
    splits: new Map(data_files!.map(({ split, path }) => [split, matching(parquet, path)])),
  }))
}

function matching(paths: readonly string[], globs: readonly string[]): string[] {
  const patterns = globs.map((glob) => globPattern(glob.replace(/^\.?\//, '')))
  return paths.filter((path) => patterns.some((pattern) => pattern.test(path)))
}

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
}

/** Groups files by their names, such as `plain_text/train-00000-of-00001.parquet` or `data/dev.parquet`. */
function byName(paths: readonly string[]): DatasetConfiguration[] {
  const found = new Map<string, Map<string, string[]>>()
  for (const path of paths) {
    const [first, ...rest] = path.split('/')
    const named = rest.length > 0 && first !== 'data' && splitOf(first) === undefined
    const splits = found.get(named ? first : 'default') ?? new Map<string, string[]>()
    found.set(named ? first : 'default', splits)
    const split = splitOf((named ? rest : [first, ...rest]).join('/')) ?? 'train'
    splits.set(split, [...(splits.get(split) ?? []), path])
  }
  return [...found].map(([name, splits]) => ({ name, splits, isDefault: name === 'default' || found.size === 1 }))
}

/** Finds the split that a path belongs to, by the keywords of Python's datasets library. */
function splitOf(path: string): string | undefined {
  const words = path.toLowerCase().split(/[^a-z]+/)
  return Object.keys(KEYWORDS).find((split) => KEYWORDS[split].some((keyword) => words.includes(keyword)))
}
