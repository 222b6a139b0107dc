import type { Values } from '../runtime/engine.ts'
import type { Pass } from './passes.ts'
import { spanTargets, teacherTargets } from './span-targets.ts'

export interface LossOptions {
  readonly label_smoothing_factor?: number
  /** Weight of the divergence from a teacher; the labels have the rest. Null without a teacher. */
  readonly teacher_weight?: number | null
  readonly teacher_temperature?: number | null
}

/** The targets of a pass whose rows have `length` places, and what to subtract from the loss that a graph computes. */
export function lossInputs(
  { rows, spans, counts, teacher_logits }: Pass,
  length: number,
  { label_smoothing_factor, teacher_weight, teacher_temperature }: LossOptions,
): { readonly inputs: Values; readonly excess: number } {
  const lengths = rows.map(({ input_ids }) => input_ids.length)
  const weight = teacher_weight ?? 0
  const span_targets = spanTargets(spans, lengths, length, { counts, label_smoothing_factor, weight: 1 - weight })
  if (!teacher_logits) return { inputs: { span_targets }, excess: 0 }
  const { windows } = counts
  const taught = teacherTargets(teacher_logits, length, { windows, weight, temperature: teacher_temperature! })
  return { inputs: { span_targets, teacher_targets: taught.targets }, excess: taught.entropy }
}
