import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadAnswerSettings } from '../checkpoint/answer-settings.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { geometryOf } from '../models/registry.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { type ChosenLengths, type GivenLengths, windowLengths } from './window-lengths.ts'

/** Chooses the lengths of windows for a model folder without loading its weights. */
export async function folderLengths(
  folder: string,
  { model_max_length }: Tokenizer,
  given: GivenLengths,
): Promise<ChosenLengths> {
  const hasConfig = existsSync(join(folder, 'config.json'))
  const max_positions = hasConfig ? geometryOf(await loadConfig(folder)).max_positions : undefined
  return windowLengths(given, { max_positions, model_max_length, settings: await loadAnswerSettings(folder) })
}
