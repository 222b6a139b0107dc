import { random } from '../../random/random.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'

type BatchArguments = Pick<
  TrainingArguments,
  | 'per_device_train_batch_size'
  | 'gradient_accumulation_steps'
  | 'group_by_length'
  | 'dataloader_drop_last'
  | 'data_seed'
>

/** The windows of an optimizer step: the batches whose gradients are averaged, each a list of indices. */
export type StepBatches = readonly (readonly number[])[]

/**
 * Divides an epoch into optimizer steps. A step never extends into the next epoch: as in transformers, the last step
 * may have fewer batches and the last batch fewer windows.
 */
export function epochSteps(order: readonly number[], args: BatchArguments): StepBatches[] {
  const { per_device_train_batch_size: size, gradient_accumulation_steps, dataloader_drop_last } = args
  const batches = chunks(order, size).filter((batch) => !dataloader_drop_last || batch.length === size)
  return chunks(batches, gradient_accumulation_steps)
}

/** Number of batches in an epoch. */
export function batchesPerEpoch(windows: number, args: BatchArguments): number {
  const { per_device_train_batch_size: size, dataloader_drop_last } = args
  return dataloader_drop_last ? Math.floor(windows / size) : Math.ceil(windows / size)
}

/**
 * Returns the windows of an epoch in random order, which differs between epochs. With group_by_length, sorts within
 * random groups.
 */
export function epochOrder(lengths: readonly number[], args: BatchArguments, epoch: number): number[] {
  const order = [...random(args.data_seed, 'order', epoch).permutation(lengths.length)]
  return args.group_by_length ? groupedByLength(order, lengths, args) : order
}

/**
 * Equivalent to LengthGroupedSampler in transformers: sorts groups of at most 50 batches by decreasing length. The
 * longest window comes first, so that running out of memory happens immediately.
 */
function groupedByLength(order: readonly number[], lengths: readonly number[], args: BatchArguments): number[] {
  const batch = args.per_device_train_batch_size * args.gradient_accumulation_steps
  const batches = Math.max(1, Math.min(Math.floor(order.length / (4 * batch)), 50))
  const groups = chunks(order, batches * batch).map((group) => group.sort((a, b) => lengths[b] - lengths[a]))
  const longest = groups.reduce((best, group, i) => (lengths[group[0]] > lengths[groups[best][0]] ? i : best), 0)
  const first = groups[0][0]
  groups[0][0] = groups[longest][0]
  groups[longest][0] = first
  return groups.flat()
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
