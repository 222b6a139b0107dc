import { z } from 'zod'
import { nearestName } from '../../edit-distance.ts'
import { UsageError } from '../../errors.ts'
import { showText, showValue } from '../../show-value.ts'
import { hintFor } from './argument-aliases.ts'
import { notesOf } from './argument-field.ts'
import { leftOut } from './arguments-left-out.ts'
import { batchArguments } from './groups/batches.ts'
import { dataArguments } from './groups/data.ts'
import { engineArguments } from './groups/engine.ts'
import { evaluationArguments } from './groups/evaluation.ts'
import { loggingArguments } from './groups/logging.ts'
import { optimizationArguments } from './groups/optimization.ts'
import { savingArguments } from './groups/saving.ts'

/** The arguments of a training run by the heading that help and reference page put them under. */
export const argumentGroups: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  'Model and data': dataArguments,
  'Batches and epochs': batchArguments,
  Optimization: optimizationArguments,
  'Engine and precision': engineArguments,
  Evaluation: evaluationArguments,
  Checkpoints: savingArguments,
  Logging: loggingArguments,
}

const schema = z.strictObject({
  ...dataArguments,
  ...batchArguments,
  ...optimizationArguments,
  ...engineArguments,
  ...evaluationArguments,
  ...savingArguments,
  ...loggingArguments,
})

/** What a user may give: any of the arguments, under transformers' names. */
export type TrainingArgumentsInput = z.input<typeof schema>

type Given = z.output<typeof schema>

/** All arguments of a run, each with a value; those that follow another argument unless given are filled in. */
export interface TrainingArguments extends Readonly<Omit<Given, 'eval_steps' | 'data_seed' | 'greater_is_better'>> {
  readonly eval_steps: number
  readonly data_seed: number
  readonly greater_is_better: boolean
}

/** The schema of one argument. */
export const argumentSchema = (name: string): z.ZodType => schema.shape[name as keyof typeof schema.shape]

export const argumentNames: readonly string[] = Object.keys(schema.shape)

/** The value an argument has unless given; null where that depends on others or there is none. */
export const argumentDefaults: Readonly<Given> = schema.parse({})

/**
 * Checks arguments one by one and fills in the defaults. `source` says where an argument is from, for errors: a place in
 * a file, or the command line. Whether arguments go together is for `checkArguments` to say.
 * @throws UsageError that lists every unknown name and invalid value
 */
export function parseArguments(raw: Readonly<Record<string, unknown>>, source: ArgumentSource): TrainingArguments {
  const result = schema.safeParse(raw)
  if (!result.success)
    throw new UsageError(unique(result.error.issues.flatMap((issue) => explain(issue, raw, source))).join('\n'))
  const given = result.data
  return {
    ...given,
    eval_steps: given.eval_steps ?? given.logging_steps,
    data_seed: given.data_seed ?? given.seed,
    greater_is_better: given.greater_is_better ?? given.metric_for_best_model !== 'loss',
  }
}

/** A value may break several rules, all of which one message explains. */
const unique = (messages: readonly string[]): string[] => [...new Set(messages)]

/** Where arguments are from, all of them or by name. */
export type ArgumentSource = string | ((name: string) => string)

const placeIn = (source: ArgumentSource, name: string): string => (typeof source === 'string' ? source : source(name))

function explain(issue: z.core.$ZodIssue, raw: Readonly<Record<string, unknown>>, source: ArgumentSource): string[] {
  const [name] = issue.path as string[]
  if (name === undefined && issue.code === 'unrecognized_keys') return explainAllUnknown(issue.keys, source)
  if (name === undefined) return [`${placeIn(source, '')}: expected an object of arguments`]
  const { expected } = notesOf(argumentSchema(name))
  return [`${placeIn(source, name)}: ${name}: found ${showValue(raw[name])}, expected ${expected}`]
}

/** To find what each was meant to be takes long for thousands of names. */
const MOST_EXPLAINED = 20

function explainAllUnknown(names: readonly string[], source: ArgumentSource): string[] {
  const explained = names.slice(0, MOST_EXPLAINED).map((name) => explainUnknown(name, source))
  const left = names.length - explained.length
  return left > 0 ? [...explained, `and ${left.toLocaleString('en-US')} more unknown arguments`] : explained
}

function explainUnknown(name: string, source: ArgumentSource): string {
  const place = `${placeIn(source, name)}: ${showText(name, 80)}`
  const reason = leftOut.get(name)
  if (reason) return `${place}: not an argument here: ${reason}`
  const hint = hintFor(name, (other) => argumentNames.includes(other))
  if (hint) return `${place}: no such argument: ${hint.replace('use --', 'use ')}`
  const suggestion = nearestName(name, argumentNames)
  return `${place}: no such argument${suggestion ? `; did you mean ${suggestion}?` : ''}`
}

/** How many steps an interval is: itself, or below 1 that share of all steps, rounded up as transformers does. */
export const intervalSteps = (interval: number, max_steps: number): number =>
  interval < 1 ? Math.ceil(max_steps * interval) : interval
