import { SpanforgeError } from '../../errors.ts'
import type { FlatParameters } from '../../models/flat-parameters.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import { firstNonFinite } from '../optimizer/clip.ts'

interface Entry {
  readonly name: string
  readonly size: number
}

/** What a step was about to do, or did, when numbers ceased to be finite. */
export interface FailedStep {
  /** The step of the run, from 1. */
  readonly step: number
  readonly loss: number
  readonly grad_norm: number
  readonly learning_rate: number
  /** Whether a step before this one changed the weights. */
  readonly hasTrained: boolean
}

/** The loss or a gradient is not finite: the step was not taken. */
export function nonfiniteGradient(
  { step, loss, ...failed }: FailedStep,
  entries: readonly Entry[],
  gradients: Float32Array,
  args: TrainingArguments,
): SpanforgeError {
  const parameter = firstNonFinite(gradients, entries)
  const where = parameter ? `, and the gradient of ${parameter.name} holds ${parameter.value}` : ''
  return new SpanforgeError(`training: step ${step}: the loss is ${loss}${where}`, {
    remedy: `${likelyCause(failed, args)} on_nonfinite skip leaves such steps out instead of stopping.`,
  })
}

/** What people call it. */
const OPTIMIZER_STATE: Readonly<Record<string, string>> = {
  exp_avg: "Adam's first moment",
  exp_avg_sq: "Adam's second moment",
}

/** The step was taken and left a number that is not finite in a parameter or the optimizer: the run cannot continue. */
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
  return new SpanforgeError(`training: step ${step}: the update left ${broken}`, { remedy: likelyCause(failed, args) })
}

/** Weights of trained models are far smaller: float16, in which many are shared, ends at 65,504. */
export const LARGEST_WEIGHT = 1e6

export interface Weight {
  readonly name: string
  /** Absolute value. */
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

/** The weights are finite, but the model computes no finite loss with them. */
export const divergedModel = (place: string, loss: number, { name, size }: Weight, remedy: string): SpanforgeError =>
  new SpanforgeError(
    `${place}: the model's loss on a training window is ${loss}. Its largest weight is ${size.toPrecision(3)}, in ${name}`,
    { remedy },
  )

/** A weight is finite, but so large that the model is useless, even if the windows that were computed do not show it. */
export const hugeWeight = (place: string, { name, size }: Weight, remedy: string): SpanforgeError =>
  new SpanforgeError(
    `${place}: ${name} holds a weight of size ${size.toPrecision(3)}, expected at most ${LARGEST_WEIGHT.toExponential()}`,
    { remedy },
  )

/** The argument that explains best why numbers ceased to be finite, and what to set it to. */
export function likelyCause(
  { learning_rate, grad_norm, hasTrained }: Pick<FailedStep, 'learning_rate' | 'grad_norm' | 'hasTrained'>,
  args: TrainingArguments,
): string {
  if (!hasTrained) return 'No step has changed the weights yet: check the weights of the base model.'
  const shrink = learning_rate * args.weight_decay
  if (shrink > 1)
    return `learning_rate times weight_decay is ${shrink}, so that each step multiplies the weights by 1 - ${shrink}: lower weight_decay (${args.weight_decay}).`
  if (args.adam_epsilon < 1e-15)
    return `adam_epsilon (${args.adam_epsilon}) is too small to bound the step of a tiny gradient: raise it (default: 1e-8).`
  if (args.max_grad_norm === 0 && grad_norm > 1e3)
    return `The gradient norm is ${grad_norm.toPrecision(3)} and max_grad_norm 0 does not clip it: set max_grad_norm (default: 1).`
  return `The learning rate (${args.learning_rate}) is the usual reason: lower it.`
}
