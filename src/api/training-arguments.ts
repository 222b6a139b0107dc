import {
  type TrainingArguments as Parsed,
  parseArguments,
  type TrainingArgumentsInput,
} from '../training/arguments/arguments.ts'

export type TrainingArguments = Parsed

/**
 * The arguments of a training run, with the names of transformers. Omitted arguments have the defaults listed in
 * docs/arguments.md. The Trainer checks combinations of arguments before the first step.
 * @throws UsageError that lists all unknown names and invalid values
 */
export const TrainingArguments = class {
  constructor(given: TrainingArgumentsInput = {}) {
    Object.assign(this, parseArguments(given, 'TrainingArguments'))
  }
} as new (
  given?: TrainingArgumentsInput,
) => TrainingArguments
