import {
  type TrainingArguments as Parsed,
  parseArguments,
  type TrainingArgumentsInput,
} from '../training/arguments/arguments.ts'

export type TrainingArguments = Parsed

/**
 * The arguments of a training run under transformers' names, each with its default where it is not given: see
 * docs/arguments.md. What goes together is checked by the Trainer, before the first step.
 * @throws UsageError that lists every unknown name and every wrong value
 */
export const TrainingArguments = class {
  constructor(given: TrainingArgumentsInput = {}) {
    Object.assign(this, parseArguments(given, 'TrainingArguments'))
  }
} as new (
  given?: TrainingArgumentsInput,
) => TrainingArguments
