import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { showIssues } from '../show-value.ts'
import { writeFileAtomic } from './atomic.ts'
import { readJsonFile } from './json-file.ts'

/** Lies beside config.json, where transformers does not look. */
export const ANSWER_SETTINGS_FILE = 'answer_settings.json'

const answerSettings = z.strictObject({
  /** The model was made for questions that may have no answer: "" may be the answer. */
  version_2_with_negative: z.boolean(),
  /** "" is the answer when null score - best logit is larger. Tuned for F1 on validation questions, or as given. */
  null_score_diff_threshold: z.number(),
  /** Divides the logits of a span so that confidences say how often an answer is right. Only where it was fitted. */
  temperature: z.number().positive().optional(),
  /** The lengths that the model was trained or fitted with: threshold and temperature hold for these. */
  max_answer_length: z.int().min(1),
  max_seq_length: z.int().min(1),
  doc_stride: z.int().min(0),
  /** The data file or data set that threshold and temperature were fitted on. Missing where nothing was fitted. */
  fitted_on: z.strictObject({ data: z.string(), questions: z.int().min(1) }).optional(),
})

/** What a model needs besides its weights to say "no answer" when it should, and how sure it is. */
export type AnswerSettings = Readonly<z.output<typeof answerSettings>>

/**
 * The settings stored with a model; undefined for a model without, such as any that Python saved.
 * @throws SpanforgeError for a file that is broken
 */
export async function loadAnswerSettings(folder: string): Promise<AnswerSettings | undefined> {
  const path = join(folder, ANSWER_SETTINGS_FILE)
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (!isThere) return undefined
  const { success, data, error } = answerSettings.safeParse(await readJsonFile(path))
  if (success) return data
  throw new SpanforgeError(`${path}: ${showIssues(error.issues)}`, {
    remedy: 'Remove the file, and fit it anew with: spanforge evaluate --model FOLDER --data FILE --calibrate',
  })
}

/** Writes the settings into a model folder, which is made if need be. */
export async function saveAnswerSettings(folder: string, settings: AnswerSettings): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFileAtomic(join(folder, ANSWER_SETTINGS_FILE), toAnswerSettingsJson(settings))
}

/** The content of the file. */
export const toAnswerSettingsJson = (settings: AnswerSettings): string =>
  `${JSON.stringify(answerSettings.parse(settings), null, 2)}\n`
