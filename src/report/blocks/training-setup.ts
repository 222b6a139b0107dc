import { count, counted, setting } from '../render/format.ts'
import type { RunSetup } from '../summary/run.ts'

/** The arguments from which the functions below describe the training setup in words. */
type Setup = Pick<RunSetup, 'arguments' | 'data' | 'total_steps'>

export function collatorOf({ arguments: args }: Setup): string {
  if (args.padding === 'max_length') return `every window padded to max_seq_length = ${args.max_seq_length}`
  if (args.padding === 'longest') return 'windows padded to the longest of their batch'
  return 'real tokens only, without padding'
}

export function optimizerOf({ arguments: args }: Setup): string {
  const clip = number(args.max_grad_norm)
  return parts(
    'AdamW',
    args.adam_beta1 !== undefined && `betas ${value(args.adam_beta1)} and ${value(args.adam_beta2)}`,
    args.adam_epsilon !== undefined && `epsilon ${value(args.adam_epsilon)}`,
    args.weight_decay !== undefined && `weight decay ${value(args.weight_decay)} except on biases and LayerNorm`,
    args.ema_decay != null && `moving average of the weights with decay ${value(args.ema_decay)}`,
    clip !== undefined && (clip > 0 ? `gradients clipped to norm ${setting(clip)}` : 'no gradient clipping'),
  )
}

export function scheduleOf({ arguments: args }: Setup): string {
  const [steps, ratio] = [number(args.warmup_steps) ?? 0, number(args.warmup_ratio) ?? 0]
  const decay = number(args.layer_lr_decay) ?? 1
  return parts(
    value(args.learning_rate),
    decay < 1 && `times ${setting(decay)} for each layer below the head`,
    args.lr_scheduler_type ? `${args.lr_scheduler_type} schedule` : false,
    steps > 0
      ? `${count(steps)} warm-up steps`
      : ratio > 0
        ? `warm-up over ${ratio * 100} % of the steps`
        : 'no warm-up',
  )
}

export function lossOf({ arguments: args }: Setup): string {
  const smoothing = number(args.label_smoothing_factor) ?? 0
  return parts(
    'mean of the cross-entropies of start and end position',
    smoothing > 0 && `label smoothing ${setting(smoothing)}`,
    args.teacher_weight != null &&
      `with weight ${value(args.teacher_weight)} the divergence from a teacher at temperature ${value(args.teacher_temperature)}`,
  )
}

/** The number of steps, with a formula if it matches: '579 = 3 epochs x ceil(3,074 windows / 16)'. */
export function stepsOf({ arguments: args, data, total_steps }: Setup): string {
  const [epochs, batch] = [number(args.num_train_epochs), number(args.per_device_train_batch_size)]
  const accumulation = number(args.gradient_accumulation_steps) ?? 1
  if (!epochs || !batch) return count(total_steps)
  const stepsAnEpoch = Math.ceil(Math.ceil(data.train.windows / batch) / accumulation)
  if (Math.ceil(epochs * stepsAnEpoch) !== total_steps)
    return `${count(total_steps)}${args.max_minutes ? `, fitted to max_minutes ${args.max_minutes}` : ''}`
  const size = accumulation > 1 ? `(${batch} x ${accumulation})` : String(batch)
  return `${count(total_steps)} = ${setting(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'} x ceil(${counted(data.train.windows, 'window')} / ${size})`
}

type ArgumentValue = RunSetup['arguments'][string] | undefined

const number = (x: ArgumentValue): number | undefined => (typeof x === 'number' ? x : undefined)
const value = (x: ArgumentValue): string => (typeof x === 'number' ? setting(x) : String(x ?? '-'))
const parts = (...texts: (string | false)[]): string => texts.filter(Boolean).join(', ')
