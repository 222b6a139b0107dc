import { z } from 'zod'
import type { RunRecord } from './records.ts'

const values = z.array(z.number())
const gaps = z.array(z.number().nullable())
const logEntry = z.object({ step: z.number(), epoch: z.number() }).catchall(z.number().optional())
const split = z.object({ questions: z.number(), windows: z.number(), tokens: z.number() })

const question = z.object({
  id: z.string(),
  question: z.string(),
  context: z.string(),
  answers: z.array(z.object({ text: z.string(), answer_start: z.number() })),
})

const prediction = z.object({
  id: z.string(),
  start: z.number(),
  end: z.number(),
  score: z.number(),
  exact_match: z.number(),
  f1: z.number(),
})

const status = z.enum([
  'preparing',
  'running',
  'pausing',
  'paused',
  'stopping',
  'interrupted',
  'finishing',
  'finished',
  'failed',
])

const columns = z
  .object({
    type: z.literal('steps'),
    step: values,
    epoch: values,
    loss: gaps,
    grad_norm: gaps,
    learning_rate: values,
    samples: values,
    tokens: values,
    seconds: values,
    memory: values,
  })
  .refine(({ type: _, step, ...others }) => Object.values(others).every(({ length }) => length === step.length), {
    error: 'columns of different lengths',
  })

/** Validates a line of a journal, which may be corrupted or come from an untrusted source. */
export const recordSchema: z.ZodType<RunRecord> = z.union([
  columns,
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('setup'),
      at: z.number(),
      arguments: z.record(z.string(), z.unknown()),
      device: z.string().optional(),
      model: z.object({ name: z.string(), parameters: z.number(), layers: z.number(), hidden: z.number() }).optional(),
      data: z.object({ train: split, validation: split.optional() }).optional(),
      questions: z.array(question),
    }),
    z.object({
      type: z.literal('start'),
      at: z.number(),
      step: z.number(),
      max_steps: z.number(),
      steps_per_epoch: z.number(),
      log_history: z.array(logEntry),
      best_step: z.number().nullable(),
    }),
    z.object({ type: z.literal('log'), entry: logEntry }),
    z.object({
      type: z.literal('evaluate'),
      entry: logEntry,
      is_best: z.boolean(),
      predictions: z.array(prediction),
    }),
    z.object({ type: z.literal('note'), at: z.number(), text: z.string() }),
    z.object({ type: z.literal('status'), at: z.number(), status, message: z.string().optional() }),
  ]),
])
