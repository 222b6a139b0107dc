import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Recipe, recipeArguments } from '../../benchmarks/recipes/list.ts'
import { recipeSplits, type SplitSizes, withCopies } from '../../benchmarks/recipes/splits.ts'
import { withOwnIds } from '../../src/data/checks/repeats.ts'
import { readExamples } from '../../src/data/read-examples.ts'
import { writeExamples } from '../../src/data/write-examples.ts'
import { digestQuestions } from '../../src/inference/digests.ts'
import { evaluateOn, type ModelEvaluation } from '../../src/runs/evaluate/evaluate-model.ts'
import { exportModel } from '../../src/runs/export/export.ts'
import { rejectedVariantsError } from '../../src/runs/export/gate.ts'
import { modelFolder } from '../../src/runs/load/load-model.ts'
import type { Screen } from '../../src/runs/screen/screen.ts'
import { fineTune } from '../../src/runs/train/fine-tune.ts'
import type { Example } from '../../src/squad/types.ts'
import { parseArguments, type TrainingArgumentsInput } from '../../src/training/arguments/arguments.ts'
import { type BaseModel, type StarterCard, starterCard } from './card.ts'
import { type ReadSource, readSource, type StarterSource, sha256 } from './sources.ts'

export interface StarterOptions {
  readonly recipe: { readonly name: string } & Recipe
  /** Length of the training, in windows of the baseline. */
  readonly windows: number
  /** Arguments in addition to those of the recipe. */
  readonly arguments?: TrainingArgumentsInput
  /** Files, folders or names on the hub by data set (default: the usual name on the hub). */
  readonly places: Partial<Readonly<Record<StarterSource, readonly string[]>>>
  /** Further files for the final table. Like MLQA, they are kept apart from the training data. */
  readonly tests: readonly string[]
  /** Data sets to train on. The others are for the final table only. */
  readonly train_on: readonly StarterSource[]
  readonly sizes: SplitSizes
  readonly model: string
  readonly base: Omit<BaseModel, 'sha256'>
  /** Folder for data, checkpoints and the trained model. */
  readonly work: string
  readonly output_dir: string
  /** Maximum size of all files of `output_dir`. */
  readonly max_bytes: number
  /** Whether to evaluate the exported model on the questions for the final table. */
  readonly final: boolean
  readonly runtimes?: readonly string[]
  readonly screen: Screen
  readonly signal?: AbortSignal
}

const DTYPE = 'q8'

/**
 * Trains the starter model, exports it through the gate and writes its card. An interrupted training is resumed by the next
 * call. Returns undefined if it was interrupted.
 * @throws Error if the export loses too much, or its folder is larger than `max_bytes`
 */
export async function makeStarter(options: StarterOptions): Promise<StarterCard | undefined> {
  const { work, output_dir, screen } = options
  const data = await prepareData(options)
  const given: TrainingArgumentsInput = {
    ...recipeArguments(options.recipe, options.windows),
    ...options.arguments,
  }
  const run = join(work, 'run')
  const args = parseArguments(
    {
      ...given,
      model: options.model,
      ...{ train_file: data.files.train, validation_file: data.files.dev },
      ...{ output_dir: run, save_total_limit: 1, resume_from_checkpoint: 'latest' },
    },
    options.recipe.name,
  )
  const outcome = await fineTune(args, { screen, control: { signal: options.signal } })
  if (outcome.status === 'interrupted') return undefined
  const card: StarterCard = {
    base: { ...options.base, sha256: await weightsDigest(options.model) },
    sources: data.sources,
    digests: data.digests,
    parts: data.parts,
    recipe: options.recipe.name,
    arguments: given,
    results: [],
  }
  await writeFile(join(run, 'README.md'), starterCard(card))
  const { runtimes, signal } = options
  const gate = { runtimes, signal, validation_file: data.files.dev }
  const exporting = exportModel(run, { output_dir, dtypes: [DTYPE], overwrite: true, screen, ...gate })
  const exported = await exporting.catch((error) => {
    if (!signal?.aborted) throw error
  })
  if (!exported) return undefined
  if (exported.rejected.length > 0) throw new Error(rejectedVariantsError(exported, {}).summary)
  await rejectLargeFolder(output_dir, options.max_bytes)
  if (!options.final) return card
  const results = await evaluateFinal(output_dir, data.final, screen)
  await replaceCard(output_dir, card, { ...card, results })
  return { ...card, results }
}

interface StarterData {
  readonly sources: readonly ReadSource[]
  readonly digests: StarterCard['digests']
  readonly files: { readonly train: string; readonly dev: string }
  readonly parts: StarterCard['parts']
  /** Questions for the final table, by name. */
  readonly final: Readonly<Record<string, readonly Example[]>>
}

/** Reads the data sets, splits them and writes the files of the training. */
async function prepareData({ places, tests, train_on, sizes, recipe, work }: StarterOptions): Promise<StarterData> {
  const read: [StarterSource, ReadSource][] = []
  for (const name of ['squad', 'tydi', 'mlqa'] as const)
    read.push([name, await readSource(name, places[name], train_on.includes(name))])
  const examplesOf = (wanted: boolean) =>
    read.filter(([name]) => train_on.includes(name) === wanted).map(([name, { examples }]) => [name, examples] as const)
  const held = Object.fromEntries(examplesOf(false))
  const digests = Object.assign({}, ...read.map(([, source]) => source.digests))
  for (const path of tests) {
    held[basename(path)] = await readExamples(path)
    digests[basename(path)] = await sha256(path)
  }
  const splits = recipeSplits(Object.fromEntries(examplesOf(true)), held, sizes)
  const parts = {
    train: withOwnIds(withCopies(splits.train, recipe.copies ?? {})).examples,
    dev: withOwnIds(Object.values(splits.dev).flat()).examples,
    [`${sizes.set_aside_from}, set aside`]: splits.set_aside,
    ...held,
  }
  await mkdir(work, { recursive: true })
  const files = { train: join(work, 'train.json'), dev: join(work, 'dev.json') }
  for (const [name, path] of Object.entries(files)) await writeExamples(path, parts[name], { overwrite: true })
  const { train, dev, ...final } = parts
  return {
    ...{ sources: read.map(([, source]) => source), digests, files, final },
    parts: Object.entries(parts).map(([name, examples]) => ({
      ...{ name, questions: examples.length, digest: digestQuestions(examples) },
    })),
  }
}

async function weightsDigest(model: string): Promise<string> {
  const path = join(await modelFolder(model), 'model.safetensors')
  if (!existsSync(path)) throw new Error(`${path}: missing; the base model needs weights in safetensors`)
  return sha256(path)
}

/** @throws Error if the files of a folder are larger than `most` bytes together */
async function rejectLargeFolder(folder: string, most: number): Promise<void> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  if (bytes > most) throw new Error(`${folder} has ${bytes} bytes, more than ${most}`)
}

async function evaluateFinal(
  model: string,
  final: StarterData['final'],
  screen: Screen,
): Promise<StarterCard['results']> {
  const results: ModelEvaluation[] = []
  for (const [data, examples] of Object.entries(final)) {
    const { evaluation } = await evaluateOn(examples, { model, data, choice: { dtype: DTYPE }, screen })
    results.push(evaluation)
  }
  return results
}

/** Replaces the text of a card in an exported folder and keeps the section of the export. */
async function replaceCard(folder: string, before: StarterCard, after: StarterCard): Promise<void> {
  const path = join(folder, 'README.md')
  const text = await readFile(path, 'utf8')
  await writeFile(
    path,
    text.replace(starterCard(before).trimEnd(), () => starterCard(after).trimEnd()),
  )
}
