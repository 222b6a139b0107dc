import { z } from 'zod'
import { UsageError } from '../../errors.ts'
import { nearestName } from '../../known-options.ts'
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

/** The training arguments, grouped by their headings in help texts and in the reference page. */
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

/** The arguments that a user may set, under the names of transformers. */
export type TrainingArgumentsInput = z.input<typeof schema>

type Given = z.output<typeof schema>

/** All arguments of a run with their values. Those that default to other arguments are filled in. */
export interface TrainingArguments extends Readonly<Omit<Given, 'eval_steps' | 'data_seed' | 'greater_is_better'>> {
  readonly eval_steps: number
  readonly data_seed: number
  readonly greater_is_better: boolean
}

/** Returns the schema of an argument. */
export const argumentSchema = (name: string): z.ZodType => schema.shape[name as keyof typeof schema.shape]

export const argumentNames: readonly string[] = Object.keys(schema.shape)

/** Default values of the arguments; null if there is none or if it depends on other arguments. */
export const argumentDefaults: Readonly<Given> = schema.parse({})

/**
 * Validates each argument and applies defaults. `source` is the origin of an argument for errors: a position in a file,
 * or the command line. Conflicts between arguments are detected by `checkArguments`.
 * @throws UsageError that lists all unknown names and invalid values
 */
export function parseArguments(raw: Readonly<Record<string, unknown>>, source: ArgumentSource): TrainingArguments {
  const result = schema.safeParse(raw)
  if (!result.success)
    throw new UsageError(unique(result.error.issues.flatMap((issue) => explain(issue, raw, source))).join('\n'))
  const given = result.data
  return {
    ...(given.teacher === null ? given : withTeacher(given)),
    eval_steps: given.eval_steps ?? given.logging_steps,
    data_seed: given.data_seed ?? given.seed,
    greater_is_better: given.greater_is_better ?? given.metric_for_best_model !== 'loss',
  }
}

/** Fills in the defaults of arguments that apply if there is a teacher. */
export const withTeacher = <T extends Pick<Given, 'teacher_weight' | 'teacher_temperature'>>(args: T): T => ({
  ...args,
  teacher_weight: args.teacher_weight ?? 0.5,
  teacher_temperature: args.teacher_temperature ?? 2,
})

/** Removes duplicates: a value may violate several rules with the same message. */
const unique = (messages: readonly string[]): string[] => [...new Set(messages)]

/** The origin of all arguments, or of an argument by name. */
export type ArgumentSource = string | ((name: string) => string)

const placeIn = (source: ArgumentSource, name: string): string => (typeof source === 'string' ? source : source(name))

function explain(issue: z.core.$ZodIssue, raw: Readonly<Record<string, unknown>>, source: ArgumentSource): string[] {
  const [name] = issue.path as string[]
  if (name === undefined && issue.code === 'unrecognized_keys') return explainAllUnknown(issue.keys, source)
  if (name === undefined) return [`${placeIn(source, '')}: expected an object of arguments`]
  const { expected } = notesOf(argumentSchema(name))
  return [`${placeIn(source, name)}: ${name}: found ${showValue(raw[name])}, expected ${expected}`]
}

/** Limits the search for similar names, which is slow for thousands of names. */
const MAX_EXPLAINED = 20

function explainAllUnknown(names: readonly string[], source: ArgumentSource): string[] {
  const explained = names.slice(0, MAX_EXPLAINED).map((name) => explainUnknown(name, source))
  const left = names.length - explained.length
  return left > 0 ? [...explained, `and ${left.toLocaleString('en-US')} more unknown arguments`] : explained
}

function explainUnknown(name: string, source: ArgumentSource): string {
  const place = `${placeIn(source, name)}: ${showText(name, 80)}`
  const reason = leftOut.get(name)
  if (reason) return `${place}: not supported by spanforge: ${reason}`
  const hint = hintFor(name, (other) => argumentNames.includes(other))
  if (hint) return `${place}: unknown argument: ${hint.replace('use --', 'use ')}`
  const suggestion = nearestName(name, argumentNames)
  return `${place}: unknown argument${suggestion ? `; did you mean ${suggestion}?` : ''}`
}

/** Converts an interval to steps. Below 1, it is a fraction of all steps, rounded up as in transformers. */
export const intervalSteps = (interval: number, max_steps: number): number =>
  interval < 1 ? Math.ceil(max_steps * interval) : interval
