import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { digestQuestions } from '../../inference/digests.ts'
import { count } from '../../report/render/format.ts'
import type { Example } from '../../squad/types.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { ARGUMENTS_FILE } from '../../training/checkpoints/run-checkpoint.ts'
import { type DataOptions, dataChoice, loadExamples } from '../load/load-data.ts'
import { displayName, type HubChoice } from '../load/load-model.ts'
import { DIGESTS_FILE } from '../run-files.ts'
import type { Screen } from '../screen/screen.ts'

/** Selects the questions that exported variants answer. */
export interface QuestionChoice extends DataOptions {
  readonly validation_file?: string
  readonly dataset?: string
  /** Maximum number of questions (default: 1000). */
  readonly max_eval_samples?: number
}

export interface ChosenQuestions {
  /** Name of the file or dataset. */
  readonly data: string
  readonly examples: readonly Example[]
}

/** Enough to tell variants apart, few enough to answer them with each variant. */
const MAX_QUESTIONS = 1000

interface Context {
  /** The folder of the model. */
  readonly folder: string
  readonly screen: Screen
  readonly hub?: HubChoice
}

/**
 * Reads the questions of the given file or dataset. By default, those that the model was evaluated on, if they are still
 * there and have not changed since; otherwise prints the reason and returns undefined.
 * @throws UsageError for a file and a dataset, or if there are no questions
 */
export async function gateQuestions(choice: QuestionChoice, context: Context): Promise<ChosenQuestions | undefined> {
  const { validation_file, dataset, max_eval_samples } = choice
  if (validation_file !== undefined && dataset !== undefined)
    throw new UsageError('export: --validation_file and --dataset are mutually exclusive', 'Use one of them.')
  const source = validation_file ?? dataset
  if (source === undefined) return questionsOfRun(choice, context)
  const max = max_eval_samples ?? MAX_QUESTIONS
  // One more shows whether there are more.
  const options = {
    ...dataChoice(choice, { split: 'validation', hub: hubOfData(context) }),
    max_samples: max_eval_samples ?? max + 1,
  }
  const examples = await loadExamples(source, options)
  if (examples.length === 0) throw new UsageError(`${source}: contains no questions`, 'Use a file with questions.')
  return limited({ data: displayName(source), examples }, max, context)
}

function limited({ data, examples }: ChosenQuestions, max: number, { screen }: Context): ChosenQuestions {
  if (examples.length > max)
    screen.print(`Using the first ${count(max)} questions of ${data}. --max_eval_samples changes this.`)
  return { data, examples: examples.slice(0, max) }
}

async function questionsOfRun(choice: QuestionChoice, context: Context): Promise<ChosenQuestions | undefined> {
  const { folder, screen } = context
  if (!existsSync(join(folder, ARGUMENTS_FILE))) return undefined
  const args = (await readJsonFile(join(folder, ARGUMENTS_FILE))) as Partial<TrainingArguments>
  const source = args.validation_file ?? args.dataset
  if (!source) return undefined
  const recorded = await recordedDigest(folder)
  const without = (reason: string) => {
    screen.print(`The questions that the model was evaluated on (${source}) ${reason}, so they are not used.`)
    return undefined
  }
  if (!recorded) return without('have no recorded digest')
  const examples = await loadExamples(source, {
    split: args.validation_split ?? 'validation',
    config: args.dataset_config,
    revision: args.dataset_revision,
    max_samples: args.max_eval_samples,
    hub: hubOfData(context),
  }).catch((error: Error) => error)
  if (examples instanceof Error) return without(`cannot be read (${firstLine(examples)})`)
  if (digestQuestions(examples) !== recorded) return without('have changed since')
  return limited({ data: displayName(source), examples }, choice.max_eval_samples ?? MAX_QUESTIONS, context)
}

/** The hub options without the revision, which is that of the model. */
function hubOfData({ hub = {} }: Context): HubChoice {
  const { revision: _ofModel, ...options } = hub
  return options
}

const firstLine = ({ message }: Error): string => message.split('\n')[0]

async function recordedDigest(folder: string): Promise<string | undefined> {
  if (!existsSync(join(folder, DIGESTS_FILE))) return undefined
  const { validation_questions } = (await readJsonFile(join(folder, DIGESTS_FILE))) as Record<string, unknown>
  return typeof validation_questions === 'string' ? validation_questions : undefined
}
