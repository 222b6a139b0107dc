/**
 * Data of the training recipes: train, dev and the questions set aside for the final table.
 *
 *     npx tsx benchmarks/recipes/data.ts DATA_FOLDER OUTPUT_FOLDER
 *
 * reads the files in DATA_FOLDER (see `SOURCES` and `TESTS`), writes train-SOURCE.json, dev.json, set-aside.json and a
 * manifest with counts and digests to OUTPUT_FOLDER, and prints the manifest.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contextsOf } from '../../src/data/checks/repeats.ts'
import { readExamples } from '../../src/data/read-examples.ts'
import { writeExamples } from '../../src/data/write-examples.ts'
import type { Example } from '../../src/squad/types.ts'
import { type BySource, recipeSplits } from './splits.ts'

/** Files to train on and to develop recipes with. */
const SOURCES = {
  articles: 'squad-train-articles.json',
  sampled: 'squad-train-sampled.json',
  tydi: 'tydiqa-goldp-train-en.json',
} as const

/** Files for the final table only: no recipe is trained, chosen or stopped with them. */
const TESTS = { xquad: 'squad-v1.1-dev-xquad-en.json', mlqa: 'mlqa-dev-en.json' } as const

export type SourceName = keyof typeof SOURCES

export const SOURCE_NAMES = Object.keys(SOURCES) as SourceName[]

interface FileFacts {
  readonly contexts: number
  readonly questions: number
  readonly sha256: string
}

export interface DataManifest {
  readonly inputs: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, FileFacts>>
  /** Number of questions in dev.json by source, in the order of the file. */
  readonly dev: Readonly<Record<SourceName, number>>
  readonly left_out: Readonly<Record<string, number>>
}

export const trainFile = (folder: string, source: SourceName): string => join(folder, `train-${source}.json`)
export const devFile = (folder: string): string => join(folder, 'dev.json')

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** Writes the data of the recipes to `folder`, unless it is already there. */
export async function prepareRecipeData(given: string, folder: string): Promise<DataManifest> {
  const manifestFile = join(folder, 'manifest.json')
  const inputs = Object.fromEntries(
    [...Object.values(SOURCES), ...Object.values(TESTS)].map((name) => [name, sha256(join(given, name))]),
  )
  if (existsSync(manifestFile)) {
    const manifest: DataManifest = JSON.parse(readFileSync(manifestFile, 'utf8'))
    if (JSON.stringify(manifest.inputs) === JSON.stringify(inputs)) return manifest
    throw new Error(`${folder} was made from other files: remove it`)
  }
  const splits = recipeSplits(await readAll(given, SOURCES), await readAll(given, TESTS), {
    seed: 42,
    set_aside: 500,
    set_aside_from: 'tydi',
    dev: 1000,
  })
  mkdirSync(folder, { recursive: true })
  const files: Record<string, FileFacts> = {}
  const write = async (name: string, examples: readonly Example[]) => {
    const path = join(folder, name)
    await writeExamples(path, examples, { overwrite: true })
    files[name] = { contexts: contextsOf(examples).texts.length, questions: examples.length, sha256: sha256(path) }
  }
  for (const name of SOURCE_NAMES) await write(`train-${name}.json`, splits.train[name])
  await write('dev.json', Object.values(splits.dev).flat())
  await write('set-aside.json', splits.set_aside)
  const dev = Object.fromEntries(SOURCE_NAMES.map((name) => [name, splits.dev[name].length])) as DataManifest['dev']
  const manifest: DataManifest = { inputs, files, dev, left_out: splits.left_out }
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

async function readAll(folder: string, names: Readonly<Record<string, string>>): Promise<BySource> {
  const lists: Record<string, readonly Example[]> = {}
  for (const [source, name] of Object.entries(names)) lists[source] = await readExamples(join(folder, name))
  return lists
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [given, folder] = process.argv.slice(2)
  if (!given || !folder) throw new Error('give DATA_FOLDER OUTPUT_FOLDER')
  console.log(JSON.stringify(await prepareRecipeData(given, folder), null, 2))
}
