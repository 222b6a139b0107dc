import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { writeFileAtomic } from '../files/atomic.ts'
import { readJsonFile } from '../files/json-file.ts'
import { showIssues } from '../show-value.ts'

/** Lies beside config.json, where transformers does not look. */
export const ANSWER_SETTINGS_FILE = 'answer_settings.json'

const share = z.number().min(0).max(1)

/** Coefficients that turn what the model says about an answer into the probability that it is right (confidence.ts). */
const storedConfidence = z.strictObject({
  version: z.literal(1),
  answer: z.strictObject({
    intercept: z.number(),
    lead: z.number(),
    /** Confidences fitted before this coefficient existed do not have it. */
    share: z.number().default(0),
    presence: z.number(),
    length: z.number(),
    windows: z.number(),
  }),
  /** For the probability that there is no answer; only where questions without an answer were among those fitted on. */
  no_answer: z.strictObject({ intercept: z.number(), odds: z.number() }).optional(),
  /** How many questions it was fitted on, and how many of them also in a longer text. */
  questions: z.int().min(1),
  questions_in_long_texts: z.int().min(0),
  /** Cross-validated: each question judged by coefficients fitted on others. */
  expected_calibration_error: z.strictObject({ own_text: share, long_text: share.optional() }),
})

const answerSettings = z.strictObject({
  /** The model was made for questions that may have no answer: "" may be the answer. */
  version_2_with_negative: z.boolean(),
  /** "" is the answer when null score - best logit is larger. Tuned for F1 on validation questions, or as given. */
  null_score_diff_threshold: z.number(),
  /** Only where it was fitted. */
  confidence: storedConfidence.optional(),
  /** The lengths that the model was trained or fitted with: threshold and confidence hold for these. */
  max_answer_length: z.int().min(1),
  max_seq_length: z.int().min(1),
  doc_stride: z.int().min(0),
  /** The data file or data set that threshold and confidence were fitted on. Missing where nothing was fitted. */
  fitted_on: z.strictObject({ data: z.string(), questions: z.int().min(1) }).optional(),
})

/** Version 0.1.0 also stored a temperature, which took the place of `confidence`. It is ignored. */
const storedSettings = answerSettings
  .extend({ temperature: z.number().positive().optional() })
  .transform(({ temperature: _ignored, ...settings }) => settings)

/** What a model needs besides its weights to say "no answer" when it should, and how likely its answers are right. */
export type AnswerSettings = Readonly<z.output<typeof answerSettings>>
export type StoredConfidence = Readonly<z.output<typeof storedConfidence>>

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
  const { success, data, error } = storedSettings.safeParse(await readJsonFile(path))
  if (success) return data
  throw new SpanforgeError(`${path}: ${showIssues(error.issues)}`, {
    remedy: 'Remove the file and write it again with: spanforge evaluate --model FOLDER --data FILE --calibrate',
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
