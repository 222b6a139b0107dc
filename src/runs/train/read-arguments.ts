import { parseArguments, type TrainingArguments } from '../../training/arguments/arguments.ts'
import { presetArguments } from '../../training/arguments/presets.ts'
import { readConfigurationFile } from './arguments-file.ts'
import { withEarlierArguments } from './resume.ts'

type Raw = Readonly<Record<string, unknown>>

/** Sources of arguments besides those given one by one. */
export interface ArgumentSources {
  /** JSON with or without comments, or YAML, under the same names. Wins over the preset. */
  readonly args_file?: string
  readonly preset?: string
}

/**
 * The arguments of a run: those given, else those of the file, else, if a run is resumed, those that it began with,
 * else those of the preset, else the defaults.
 * @throws UsageError for unknown names and invalid values
 */
export async function readArguments(given: Raw, sources: ArgumentSources = {}): Promise<TrainingArguments> {
  const { preset, nearer } = await gather(given, sources)
  const place = preset.output_dir ? { output_dir: preset.output_dir } : {}
  return parseArguments({ ...preset, ...(await withEarlierArguments({ ...place, ...nearer })) }, 'arguments')
}

/** The arguments given anywhere, in that order of precedence; of these only the file's are checked. */
export async function gatherArguments(given: Raw, sources: ArgumentSources): Promise<Raw> {
  const { preset, nearer } = await gather(given, sources)
  return { ...preset, ...nearer }
}

async function gather(given: Raw, { args_file, preset }: ArgumentSources): Promise<{ preset: Raw; nearer: Raw }> {
  const fromFile = args_file === undefined ? {} : await argumentsOfFile(args_file)
  const nearer = { ...fromFile, ...given }
  const { dataset, ...others } = preset === undefined ? {} : presetArguments(preset)
  // A file to train on takes the place of the preset's data set.
  return { preset: dataset && !nearer.train_file ? { dataset, ...others } : others, nearer }
}

/** The arguments of a file, checked. */
async function argumentsOfFile(path: string): Promise<Raw> {
  const { values, placeOf } = await readConfigurationFile(path)
  parseArguments(values, placeOf)
  return values
}
