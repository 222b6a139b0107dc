/** The results of comparing an exported variant with its model. They are stored with the variant. */
import { z } from 'zod'

const number = z.number()

const answerFigures = z.object({
  /** In percent, like f1 and f1_drop. */
  exact_match: number,
  f1: number,
  /** How much lower F1 is than that of the model. Negative if it is higher. */
  f1_drop: number,
  /** Percentage of questions with the same answer as the model. */
  same_answers: number,
})

/** Medians of several runs, in milliseconds. */
const latency = z.object({
  /** Number of tokens of the window that was computed alone, and of the longest in the batch. */
  tokens: number,
  window_ms: number,
  batch_tokens: number,
  /** Time for a batch of 8 windows. */
  batch_ms: number,
})

const runtimeFigures = z.object({
  runtime: z.string(),
  /** Missing without questions, or if the logits are not finite. */
  answers: answerFigures.optional(),
  /** Differences of logits over all real tokens. Missing if they are not finite. */
  logit_error: z.object({ max: number, mean: number, relative: number }).optional(),
  latency: latency.optional(),
  /** Why the runtime could not compute the variant. */
  failure: z.string().optional(),
})

const comparison = z.object({
  /** The questions that the variant answered. Missing if it was compared on synthetic windows. */
  questions: z.object({ data: z.string(), count: number, digest: z.string() }).optional(),
  windows: number,
  /** The scores of the model itself, in percent. */
  model: z.object({ exact_match: number, f1: number }).optional(),
  /** Largest magnitude of the values that a variant in float16 computes. */
  largest_value: number.optional(),
  runtimes: z.array(runtimeFigures),
})

export const variantFigures = z.object({
  comparison,
  /** Reasons not to use the variant. */
  objections: z.array(z.string()),
})

export type RuntimeFigures = Readonly<z.output<typeof runtimeFigures>>
export type VariantComparison = Readonly<z.output<typeof comparison>>
export type VariantFigures = Readonly<z.output<typeof variantFigures>>
