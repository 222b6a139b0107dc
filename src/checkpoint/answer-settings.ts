import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError } from '../errors.ts'
import { writeFileAtomic } from '../files/atomic.ts'
import { readJsonFile } from '../files/text-file.ts'
import { showIssues } from '../show-value.ts'

/** Stored next to config.json; transformers ignores this file. */
export const ANSWER_SETTINGS_FILE = 'answer_settings.json'

const share = z.number().min(0).max(1)

/**
 * Coefficients that turn the model's scores for an answer into the probability that the answer is correct (see
 * confidence.ts).
 */
const storedConfidence = z.strictObject({
  version: z.literal(1),
  answer: z.strictObject({
    intercept: z.number(),
    lead: z.number(),
    /** Missing in files written before this coefficient existed. */
    share: z.number().default(0),
    presence: z.number(),
    length: z.number(),
    windows: z.number(),
  }),
  /** For the probability that there is no answer. Present only if the fitting data had unanswerable questions. */
  no_answer: z.strictObject({ intercept: z.number(), odds: z.number() }).optional(),
  /** Number of questions used for fitting, and how many of them were also asked in a longer text. */
  questions: z.int().min(1),
  questions_in_long_texts: z.int().min(0),
  /** Cross-validated: each question is scored with coefficients fitted on the others. */
  expected_calibration_error: z.strictObject({ own_text: share, long_text: share.optional() }),
})

const answerSettings = z.strictObject({
  /** The model was trained on questions that may have no answer, so "" is a valid answer. */
  version_2_with_negative: z.boolean(),
  /**
   * The answer is "" when null score - best logit exceeds this. Tuned for F1 on validation questions, or set by the
   * user.
   */
  null_score_diff_threshold: z.number(),
  /** Present only if a confidence was fitted. */
  confidence: storedConfidence.optional(),
  /** The lengths used in training or fitting. The threshold and the confidence are valid only for these. */
  max_answer_length: z.int().min(1),
  max_seq_length: z.int().min(1),
  doc_stride: z.int().min(0),
  /** The data file or dataset used to fit the threshold and the confidence. Missing if nothing was fitted. */
  fitted_on: z.strictObject({ data: z.string(), questions: z.int().min(1) }).optional(),
})

/** Version 0.1.0 also stored a temperature, since replaced by `confidence`. It is ignored. */
const storedSettings = answerSettings
  .extend({ temperature: z.number().positive().optional() })
  .transform(({ temperature: _ignored, ...settings }) => settings)

/**
 * Everything besides the weights that a model needs to predict "no answer" and to estimate how likely its answers are
 * to be correct.
 */
export type AnswerSettings = Readonly<z.output<typeof answerSettings>>
export type StoredConfidence = Readonly<z.output<typeof storedConfidence>>

/**
 * Reads the settings stored with a model. Returns undefined if there are none, as in models saved by Python.
 * @throws SpanforgeError if the file is invalid
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

/** Writes the settings into a model folder, creating the folder if necessary. */
export async function saveAnswerSettings(folder: string, settings: AnswerSettings): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFileAtomic(join(folder, ANSWER_SETTINGS_FILE), toAnswerSettingsJson(settings))
}

/** Serializes the settings as they appear in the file. */
export const toAnswerSettingsJson = (settings: AnswerSettings): string =>
  `${JSON.stringify(answerSettings.parse(settings), null, 2)}\n`
