import { join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { digestConfig, digestModel, digestQuestions, digestTokenizer, digestWindows } from '../../inference/digests.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { showText } from '../../show-value.ts'
import type { Dataset } from '../../squad/dataset.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import { ARGUMENTS_FILE, readLoopState } from './run-checkpoint.ts'

const MODEL = ['model', 'revision'] as const
const LENGTHS = ['max_seq_length', 'doc_stride'] as const
const DATASET = ['dataset', 'dataset_config', 'dataset_revision'] as const
const TRAIN = [...DATASET, 'train_split', 'train_file', 'max_train_samples'] as const
const VALIDATION = [...DATASET, 'validation_split', 'validation_file', 'max_eval_samples'] as const

interface Digested {
  readonly what: string
  /** Human-readable origin. */
  readonly source: (args: TrainingArguments) => string | null
  /** The arguments that identify it. While they are unchanged, its digest must not change. */
  readonly namedBy: readonly (keyof TrainingArguments)[]
  /** Other items from which it is derived. If one of those has changed, this one is not reported. */
  readonly madeFrom?: readonly DigestName[]
}

/** Everything besides its arguments that a run depends on, by the name of its digest. */
const DIGESTED = {
  train_questions: {
    what: 'the training questions',
    source: ({ dataset, train_file }) => dataset ?? train_file,
    namedBy: TRAIN,
  },
  validation_questions: {
    what: 'the validation questions',
    source: ({ dataset, validation_file }) => validation_file ?? dataset,
    namedBy: VALIDATION,
  },
  train_windows: {
    what: 'the tokens of the training questions',
    source: ({ model }) => model,
    namedBy: [...TRAIN, ...LENGTHS, ...MODEL],
    madeFrom: ['train_questions', 'tokenizer'],
  },
  validation_windows: {
    what: 'the tokens of the validation questions',
    source: ({ model }) => model,
    namedBy: [...VALIDATION, ...LENGTHS, ...MODEL],
    madeFrom: ['validation_questions', 'tokenizer'],
  },
  tokenizer: { what: 'the tokenizer', source: ({ model }) => model, namedBy: MODEL },
  config: { what: 'the configuration of the base model', source: ({ model }) => model, namedBy: MODEL },
  weights: { what: 'the weights of the base model', source: ({ model }) => model, namedBy: MODEL },
  teacher: { what: 'the teacher', source: ({ teacher }) => teacher, namedBy: ['teacher'] },
} as const satisfies Record<string, Digested>

type DigestName =
  | 'train_questions'
  | 'validation_questions'
  | 'train_windows'
  | 'validation_windows'
  | 'tokenizer'
  | 'config'
  | 'weights'
  | 'teacher'

/** The known digests of everything besides its arguments that a run depends on. */
export type RunDigests = Readonly<Partial<Record<DigestName, string>>>

/** The arguments that identify the data and the base model. */
export const DATA_ARGUMENTS: readonly (keyof TrainingArguments)[] = [
  ...new Set(Object.values(DIGESTED).flatMap(({ namedBy }) => [...namedBy])),
]

export interface RunSources {
  readonly model: { readonly config: ModelConfig }
  readonly train: Dataset
  readonly validation?: Dataset
  readonly tokenizer?: Tokenizer
  readonly teacher?: SpanModel
}

/** Computes all digests except that of the weights, which training changes. */
export const digestRun = async (sources: RunSources): Promise<RunDigests> => {
  const { model, train, validation, tokenizer, teacher } = sources
  return {
    train_questions: digestQuestions(train.examples),
    train_windows: digestWindows(train.windows),
    ...(validation && {
      validation_questions: digestQuestions(validation.examples),
      validation_windows: digestWindows(validation.windows),
    }),
    ...(tokenizer && { tokenizer: digestTokenizer(tokenizer) }),
    config: digestConfig(model.config),
    ...(teacher && { teacher: await digestModel(teacher) }),
  }
}

interface Made {
  readonly digests: RunDigests
  readonly args: Readonly<Record<string, unknown>>
}

/**
 * Finds items that differ between two runs although the arguments that identify them are equal. Ignores items that are
 * known for only one of the runs.
 */
export function changedDigests(
  before: Made,
  now: { readonly digests: RunDigests; readonly args: TrainingArguments },
): Change[] {
  const isSame = (name: keyof TrainingArguments) => JSON.stringify(before.args[name]) === JSON.stringify(now.args[name])
  const differs = (name: DigestName) =>
    before.digests[name] !== undefined && now.digests[name] !== undefined && before.digests[name] !== now.digests[name]
  return Object.entries<Digested>(DIGESTED).flatMap(([key, { what, source, namedBy, madeFrom = [] }]) => {
    const name = key as DigestName
    if (!differs(name) || !namedBy.every(isSame) || madeFrom.some(differs)) return []
    const from = source(now.args)
    return [{ name, text: from ? `${what} (${showText(from)})` : what }]
  })
}

export interface Change {
  readonly name: DigestName
  readonly text: string
}

/**
 * Compares a checkpoint with the data and model that a run would use to resume it.
 * @returns notes for the user about items that cannot be checked or have changed harmlessly
 * @throws SpanforgeError if data, tokenizer or configuration changed although the arguments did not
 */
export async function checkUnchanged(folder: string, digests: RunDigests, args: TrainingArguments): Promise<string[]> {
  const progress = await readLoopState(folder)
  if (!progress) return []
  const { digests: before } = progress
  if (!before)
    return [
      `${folder} was written by spanforge 0.1.0, which stored no digests: whether the data and the tokenizer are still ` +
        'the same cannot be checked.',
    ]
  const saved = (await readJsonFile(join(folder, ARGUMENTS_FILE))) as Readonly<Record<string, unknown>>
  const changes = changedDigests({ digests: before, args: saved }, { digests, args })
  // The run continues with the weights of the checkpoint.
  const harmful = changes.filter(({ name }) => name !== 'weights')
  if (harmful.length > 0)
    throw new SpanforgeError(
      `${folder}: cannot resume, because the following has changed since the run began: ${harmful.map(({ text }) => text).join(', ')}`,
      {
        remedy:
          'Restore the original, or start a new run: with --overwrite_output_dir, or from these weights with ' +
          `--model ${folder} and another --output_dir.`,
      },
    )
  return changes.map(({ text }) => `Changed since the run began: ${text}. The run continues with those of ${folder}.`)
}
