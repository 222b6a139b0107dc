import { readJsonFile } from '../checkpoint/json-file.ts'
import { parseArguments, type TrainingArguments } from '../training/arguments.ts'
import { presetArguments } from '../training/presets.ts'
import { withEarlierArguments } from './resume.ts'

type Raw = Readonly<Record<string, unknown>>

/** Where arguments come from that are not given one by one. */
export interface ArgumentSources {
  /** JSON, the same names. Wins over the preset. */
  readonly args_file?: string
  readonly preset?: string
}

/**
 * The arguments of a run: those given, else those of the file, else, when a run is to go on, those that it began with,
 * else those of the preset, else the defaults.
 * @throws UsageError for names that do not exist and values that cannot be
 */
export async function readArguments(given: Raw, sources: ArgumentSources = {}): Promise<TrainingArguments> {
  const { preset, nearer } = await gather(given, sources)
  const place = preset.output_dir ? { output_dir: preset.output_dir } : {}
  return parseArguments({ ...preset, ...(await withEarlierArguments({ ...place, ...nearer })) }, 'arguments')
}

/** Those that are given anywhere, the nearest winning; not yet checked but for the file's. */
export async function gatherArguments(given: Raw, sources: ArgumentSources): Promise<Raw> {
  const { preset, nearer } = await gather(given, sources)
  return { ...preset, ...nearer }
}

async function gather(given: Raw, { args_file, preset }: ArgumentSources): Promise<{ preset: Raw; nearer: Raw }> {
  const fromFile = args_file === undefined ? {} : ((await readJsonFile(args_file)) as Raw)
  if (args_file !== undefined) parseArguments(fromFile, args_file)
  const nearer = { ...fromFile, ...given }
  const { dataset, ...others } = preset === undefined ? {} : presetArguments(preset)
  // A file to train on takes the place of the preset's data set.
  return { preset: dataset && !nearer.train_file ? { dataset, ...others } : others, nearer }
}
