import { z } from 'zod'
import { notesOf } from './argument-field.ts'
import { argumentDefaults, argumentNames, argumentSchema } from './arguments.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** Additional spellings that an argument accepts and converts. */
const ALSO_ACCEPTED: Readonly<Record<string, JsonSchema>> = {
  metric_for_best_model: { enum: ['eval_loss', 'eval_exact_match', 'eval_f1'] },
  report_to: { enum: ['all', 'none', 'tensorboard', 'jsonl'] },
}

/** The JSON Schema of a training arguments file, for completion and validation in editors. */
export const argumentsSchema = (): JsonSchema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Training arguments of spanforge',
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'The JSON Schema of this file, for editors.' },
    ...Object.fromEntries(argumentNames.map((name) => [name, propertyOf(name)])),
  },
})

function propertyOf(name: string): JsonSchema {
  const schema = argumentSchema(name)
  const { $schema, default: _, ...values } = z.toJSONSchema(schema) as Record<string, unknown>
  const { description, expected } = notesOf(schema)
  const also = ALSO_ACCEPTED[name]
  return {
    description: `${description} Expected ${expected}.`,
    default: argumentDefaults[name as keyof typeof argumentDefaults],
    ...(also ? { anyOf: [values, also] } : values),
  }
}
