import { readdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ANSWER_SETTINGS_FILE } from '../checkpoint/answer-settings.ts'
import { saveModel } from '../checkpoint/model-folder.ts'
import { saveTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { type FileData, writeFileAtomic } from '../files/atomic.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import { packageVersion } from '../package-root.ts'
import type { RunOrigin, SavedFile } from '../report/summary/run.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { ARGUMENTS_FILE, tensorsOf } from '../training/checkpoints/run-checkpoint.ts'
import { STATE_FILE } from '../training/checkpoints/state.ts'

export { ARGUMENTS_FILE }
export const LOG_FILE = 'log.jsonl'
/** The reason why the run failed. It is removed when the run is resumed or replaced. */
export const FAILURE_FILE = 'failure.json'
/** Events of the run for the dashboard. */
export const DASHBOARD_FILE = 'dashboard.jsonl'
/** What the user wrote about the run on the dashboard. */
export const RUN_NOTE_FILE = 'dashboard-note.txt'
/** Folder of the examples that `spanforge adapt` makes before the run begins. */
export const ADAPTATION_FOLDER = 'adaptation'
/** Folder of the TensorBoard event files. */
export const EVENTS_FOLDER = 'runs'

/** The files of a saved model: those that transformers loads, and the answer settings, which it ignores. */
export const MODEL_FILES = [
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.txt',
  ANSWER_SETTINGS_FILE,
] as const

/** Digests of the data and the base model of a finished run. */
export const DIGESTS_FILE = 'run_digests.json'

export const RESULT_FILES = [
  STATE_FILE,
  'train_results.json',
  'eval_results.json',
  'all_results.json',
  DIGESTS_FILE,
] as const

export const REPORT_FILES = ['report.html', 'report.md', 'learning_curve.svg', 'learning_curve.png'] as const

/** The files written by an evaluation, with the same names as in run_qa. */
export const EVALUATION_FILES = {
  predictions: 'predictions.json',
  nbest_predictions: 'nbest_predictions.json',
  null_odds: 'null_odds.json',
  results: 'eval_results.json',
} as const

/** The model card, which the hub displays. */
export const CARD_FILE = 'README.md'

/** All files that a run writes at its end. A new run in the same folder removes them first. */
export const FINAL_FILES: readonly string[] = [...MODEL_FILES, ...RESULT_FILES, ...REPORT_FILES, CARD_FILE]

/** Saves the model and the tokenizer in the same format as save_pretrained. */
export async function savePretrained(
  folder: string,
  model: QuestionAnsweringModel,
  tokenizer: Tokenizer,
): Promise<void> {
  await saveModel(folder, model.config, tensorsOf(model.parameters))
  await saveTokenizer(tokenizer, folder)
}

export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFile(path, `${JSON.stringify(value, null, 2)}\n`)

/** Writes a file atomically, and creates its folder if it is missing. */
export async function writeFile(path: string, content: FileData): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFileAtomic(path, content)
}

/** Files in a model's folder that are inputs: all except results that were computed with it. Empty for a name. */
export function modelInputs(folder: string): string[] {
  const written: readonly string[] = [...RESULT_FILES, ...REPORT_FILES, ...Object.values(EVALUATION_FILES)]
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder)
    .filter((name) => !written.includes(name))
    .map((name) => join(folder, name))
}

/** The listed files that exist in the folder, with their sizes. */
export async function savedFiles(folder: string, names: readonly string[]): Promise<SavedFile[]> {
  const found = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => ({ name, bytes: size }),
        () => undefined,
      ),
    ),
  )
  return found.filter((file) => file !== undefined)
}

/** Date, command and software versions of a run that ends now. */
export const runOrigin = (command: string | undefined): RunOrigin => ({
  ended: new Date().toISOString(),
  ...(command !== undefined && { command }),
  spanforge: packageVersion(),
  node: process.versions.node,
})
