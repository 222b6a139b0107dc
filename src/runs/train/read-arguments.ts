import { parseArguments, type TrainingArguments } from '../../training/arguments/arguments.ts'
import { presetArguments } from '../../training/arguments/presets.ts'
import { readConfigurationFile } from './arguments-file.ts'
import { withEarlierArguments } from './resume.ts'

type Raw = Readonly<Record<string, unknown>>

/** Sources of arguments besides individual ones. */
export interface ArgumentSources {
  /** A file with arguments in YAML or JSON, which may contain comments. It takes precedence over the preset. */
  readonly args_file?: string
  readonly preset?: string
}

/**
 * Collects the arguments of a run. In order of precedence, they come from the given arguments, the file, the arguments
 * that a resumed run was started with, the preset, and the defaults.
 * @throws UsageError for unknown names and invalid values
 */
export async function readArguments(given: Raw, sources: ArgumentSources = {}): Promise<TrainingArguments> {
  const { preset, nearer } = await gather(given, sources)
  const place = preset.output_dir ? { output_dir: preset.output_dir } : {}
  return parseArguments({ ...preset, ...(await withEarlierArguments({ ...place, ...nearer })) }, 'arguments')
}

/** Collects the arguments that were set anywhere, with the same precedence. Only those of the file are validated. */
export async function gatherArguments(given: Raw, sources: ArgumentSources): Promise<Raw> {
  const { preset, nearer } = await gather(given, sources)
  return { ...preset, ...nearer }
}

async function gather(given: Raw, { args_file, preset }: ArgumentSources): Promise<{ preset: Raw; nearer: Raw }> {
  const fromFile = args_file === undefined ? {} : await argumentsOfFile(args_file)
  const nearer = { ...fromFile, ...given }
  const { dataset, ...others } = preset === undefined ? {} : presetArguments(preset)
  // A training file replaces the dataset of the preset.
  return { preset: dataset && !nearer.train_file ? { dataset, ...others } : others, nearer }
}

/** Reads and validates the arguments of a file. */
async function argumentsOfFile(path: string): Promise<Raw> {
  const { values, placeOf } = await readConfigurationFile(path)
  parseArguments(values, placeOf)
  return values
}
