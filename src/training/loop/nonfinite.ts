import { SpanforgeError } from '../../errors.ts'
import type { FlatParameters } from '../../models/flat-parameters.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import { firstNonFinite } from '../optimizer/clip.ts'

interface ParameterRange {
  readonly name: string
  readonly size: number
}

/** Describes a step in which values became infinite or NaN. */
export interface FailedStep {
  /** Step number, starting at 1. */
  readonly step: number
  readonly loss: number
  readonly grad_norm: number
  readonly learning_rate: number
  /** Whether an earlier step changed the weights. */
  readonly hasTrained: boolean
}

const BEYOND_FLOAT16 =
  'No step has changed the weights yet, so values of this model probably exceed the range of float16. Train without fp16.'

/** Builds the error for a loss or gradient that is not finite. The step was not taken. */
export function nonfiniteGradient(
  { step, loss, ...failed }: FailedStep,
  entries: readonly ParameterRange[],
  gradients: Float32Array,
  args: TrainingArguments,
): SpanforgeError {
  const parameter = firstNonFinite(gradients, entries)
  const where = parameter ? `, and the gradient of ${parameter.name} contains ${parameter.value}` : ''
  const cause = args.fp16 && !failed.hasTrained ? BEYOND_FLOAT16 : likelyCause(failed, args)
  return new SpanforgeError(`training: step ${step}: the loss is ${loss}${where}`, {
    remedy: `${cause} Use on_nonfinite skip to skip such steps instead of stopping.`,
  })
}

/** Human-readable names. */
const OPTIMIZER_STATE: Readonly<Record<string, string>> = {
  exp_avg: "Adam's first moment",
  exp_avg_sq: "Adam's second moment",
}

/**
 * Builds the error for a step that made a parameter or the optimizer state infinite or NaN. The run cannot continue.
 */
export function nonfiniteUpdate(
  { step, ...failed }: FailedStep,
  parameters: FlatParameters,
  optimizer: Readonly<Record<string, FlatParameters>>,
  args: TrainingArguments,
): SpanforgeError {
  const places = [['', parameters] as const, ...Object.entries(optimizer)]
  const [broken] = places.flatMap(([state, { data, entries }]) => {
    const found = firstNonFinite(data, entries)
    const what = state && `${OPTIMIZER_STATE[state] ?? state} of `
    return found ? [`${found.value} in ${what}${found.name}`] : []
  })
  return new SpanforgeError(`training: step ${step}: the update resulted in ${broken}`, {
    remedy: likelyCause(failed, args),
  })
}

/** Weights of trained models are far smaller. Many are shared in float16, whose maximum is 65,504. */
export const MAX_WEIGHT = 1e6

export interface Weight {
  readonly name: string
  /** Absolute value of the weight. */
  readonly size: number
}

export function largestWeight(parameters: FlatParameters): Weight {
  let largest: Weight = { name: '', size: -1 }
  for (const { name } of parameters.entries) {
    let size = 0
    for (const value of parameters.view(name)) if (Math.abs(value) > size) size = Math.abs(value)
    if (size > largest.size) largest = { name, size }
  }
  return largest
}

/** Builds the error for a model with finite weights whose loss is not finite. */
export const divergedModel = (place: string, loss: number, { name, size }: Weight, remedy: string): SpanforgeError =>
  new SpanforgeError(
    `${place}: the model's loss on a training window is ${loss}. Its largest weight is ${size.toPrecision(3)}, in ${name}`,
    { remedy },
  )

/**
 * Builds the error for a finite weight that is so large that the model is useless, even if the computed windows do not
 * show it.
 */
export const hugeWeight = (place: string, { name, size }: Weight, remedy: string): SpanforgeError =>
  new SpanforgeError(
    `${place}: ${name} contains a weight of size ${size.toPrecision(3)}, expected at most ${MAX_WEIGHT.toExponential()}`,
    { remedy },
  )

/** Names the argument that most likely caused infinite or NaN values, and how to set it. */
export function likelyCause(
  { learning_rate, grad_norm, hasTrained }: Pick<FailedStep, 'learning_rate' | 'grad_norm' | 'hasTrained'>,
  args: TrainingArguments,
): string {
  if (!hasTrained) return 'No step has changed the weights yet. Check the weights of the base model.'
  const shrink = learning_rate * args.weight_decay
  if (shrink > 1)
    return `learning_rate times weight_decay is ${shrink}, so each step multiplies the weights by 1 - ${shrink}. Lower weight_decay (${args.weight_decay}).`
  if (args.adam_epsilon < 1e-15)
    return `adam_epsilon (${args.adam_epsilon}) is too small to limit the steps of tiny gradients. Raise it (default: 1e-8).`
  if (args.max_grad_norm === 0 && grad_norm > 1e3)
    return `The gradient norm is ${grad_norm.toPrecision(3)} and is not clipped because max_grad_norm is 0. Set max_grad_norm (default: 1).`
  return `The learning rate (${args.learning_rate}) is probably too high. Lower it.`
}
