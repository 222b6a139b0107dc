import { readJsonFile } from '../checkpoint/json-file.ts'
import { parseArguments, type TrainingArguments } from '../training/arguments.ts'
import { withEarlierArguments } from './resume.ts'

/**
 * The arguments of a run: those given, else those of `file` (JSON, the same names), else, when a run is to go on, those
 * that it began with, else the defaults.
 * @throws UsageError for names that do not exist and values that cannot be
 */
export async function readArguments(
  given: Readonly<Record<string, unknown>>,
  file?: string,
): Promise<TrainingArguments> {
  const fromFile = file === undefined ? {} : ((await readJsonFile(file)) as Record<string, unknown>)
  if (file !== undefined) parseArguments(fromFile, file)
  return parseArguments(await withEarlierArguments({ ...fromFile, ...given }), 'arguments')
}
