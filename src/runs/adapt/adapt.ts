/** Prepares the training run that adapts a model to documents. */

import { loadAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { loadConfig } from '../../checkpoint/model-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import type { ClozeOptions } from '../../cloze/cloze-examples.ts'
import type { ClozeSampleOptions } from '../../cloze/cloze-sample.ts'
import type { DocumentLimits } from '../../documents/document-reader.ts'
import { UsageError } from '../../errors.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import { geometryOf } from '../../models/registry.ts'
import { count, counted } from '../../report/render/format.ts'
import { parseArguments, type TrainingArguments } from '../../training/arguments/arguments.ts'
import { type HubChoice, modelFolder } from '../load/load-model.ts'
import { noScreen, type Screen } from '../screen/screen.ts'
import { type AdaptationRecord, adaptationFiles, readAdaptation } from '../train/adaptation-record.ts'
import { claimOutputFolder } from '../train/output-folder.ts'
import { withEarlierArguments } from '../train/resume.ts'
import { adaptDefaults, UNSUPPORTED_ARGUMENTS } from './adapt-defaults.ts'
import { type MadeExamples, makeExamples } from './make-examples.ts'
import { writeAdaptation } from './write-adaptation.ts'

type Raw = Readonly<Record<string, unknown>>

export interface AdaptOptions extends Pick<ClozeOptions, 'style'>, Omit<ClozeSampleOptions, 'seed'> {
  readonly limits?: Partial<DocumentLimits>
  readonly screen?: Screen
  readonly signal?: AbortSignal
  readonly hub?: HubChoice
  /** Files with the arguments of the run. */
  readonly inputs?: readonly string[]
}

/**
 * Makes the examples of an adaptation in its output folder, unless they are there already and the run is resumed.
 * @param given the arguments that the user has set
 * @returns the arguments of the training run
 * @throws UsageError if documents or the model are missing, or an argument names other data
 */
export async function prepareAdaptation(
  sources: readonly string[],
  given: Raw,
  options: AdaptOptions,
): Promise<TrainingArguments> {
  const { screen = noScreen, signal, inputs = [] } = options
  const other = UNSUPPORTED_ARGUMENTS.find((name) => given[name] !== undefined && given[name] !== null)
  if (other)
    throw new UsageError(
      `adapt: --${other} is not supported: the data is made from the documents`,
      `Name them before the flags, or use "spanforge train --${other} ...".`,
    )
  const earlier = await withEarlierArguments(given)
  const args = parseArguments(earlier, 'arguments')
  const { model, output_dir, resume_from_checkpoint } = args
  if (!model)
    throw new UsageError(
      'adapt: --model is missing',
      'Name a model folder, or a model on the hub such as bert-base-uncased.',
    )
  const { hidden_size } = geometryOf(await loadConfig(await smallFiles(model, args, options)))
  const claim = await claimOutputFolder(args, { onDoubt: screen.print, signal, inputs: [...sources, ...inputs] })
  try {
    const made = resume_from_checkpoint === null ? undefined : await readAdaptation(output_dir)
    if (made) screen.print(`Using the ${counted(made.train, 'question')} made when the run began.`)
    const record = made ?? (await makeInFolder(sources, args, options))
    const files = adaptationFiles(output_dir)
    const data = { train_file: files.train, ...(record.held_out > 0 && { validation_file: files.held_out }) }
    const defaults = adaptDefaults(record, hidden_size, earlier)
    const chosen = Object.entries(defaults).filter(([name]) => !(name in earlier))
    if (chosen.length > 0)
      screen.print(
        `Arguments chosen by the size of the documents and the model: ${chosen.map(([name, value]) => `${name} ${value}`).join(', ')}.\n`,
      )
    return parseArguments({ ...defaults, ...earlier, ...data }, 'arguments')
  } finally {
    claim.release()
  }
}

async function makeInFolder(
  sources: readonly string[],
  args: TrainingArguments,
  options: AdaptOptions,
): Promise<AdaptationRecord> {
  const { screen = noScreen } = options
  const made = await makeFrom(sources, args, options)
  const { style } = options
  const record = await writeAdaptation(args.output_dir, made, { sources, seed: args.seed, style })
  screen.print(foundLines(made).join('\n'))
  if (record.train < MIN_QUESTIONS)
    screen.warn(
      `Only ${counted(record.train, 'question')} could be made from these documents, too few to change much.\n`,
    )
  return record
}

/** Below this number of questions, a warning is shown. */
const MIN_QUESTIONS = 100

/** Makes the examples without writing them. Without a model, cloze questions have the mask of BERT. */
export async function makeFrom(
  sources: readonly string[],
  args: TrainingArguments,
  options: AdaptOptions,
): Promise<MadeExamples> {
  const { screen = noScreen } = options
  if (sources.length === 0)
    throw new UsageError('adapt: no documents', 'Name files or folders: spanforge adapt manuals/ --model ...')
  const phrasing = args.model ? await phrasingFor(args.model, args, options) : { mask: '[MASK]' }
  return makeExamples(sources, { ...options, ...phrasing, screen, seed: args.seed, output_dir: args.output_dir })
}

/** Stands for the answer if a tokenizer has no mask token. */
const BLANK = '___'
/** Upper bound for the number of special tokens in a window. */
const SPECIAL = 8

/** Returns the mask token of a model, and whether a question leaves room for a context in its windows. */
async function phrasingFor(
  model: string,
  args: TrainingArguments,
  options: AdaptOptions,
): Promise<Pick<ClozeOptions, 'mask' | 'fits'>> {
  const folder = await smallFiles(model, args, options)
  const tokenizer = await loadTokenizer(folder)
  const { mask_token_id, model_max_length } = tokenizer
  const { max_seq_length, doc_stride } = windowLengths(args, {
    ...geometryOf(await loadConfig(folder)),
    model_max_length,
    settings: await loadAnswerSettings(folder),
  })
  const max = max_seq_length - doc_stride - SPECIAL
  return {
    mask: (mask_token_id !== undefined && tokenizer.settings.special_tokens.mask_token) || BLANK,
    fits: (question) => tokenizer.encode(question).ids.length <= max,
  }
}

const smallFiles = (model: string, { revision }: Pick<TrainingArguments, 'revision'>, { hub, signal }: AdaptOptions) =>
  modelFolder(model, { ...hub, signal, revision: revision ?? hub?.revision, weights: false })

/** Describes what was read and made. */
export function foundLines({ counts, skipped, train, held_out, held_out_by, repeated }: MadeExamples): string[] {
  const { documents, duplicates, other_files, passages, characters, usable_sentences, recurring_spans, too_long } =
    counts
  const also = [
    ...(duplicates > 0 ? [`${count(duplicates)} with the text of another one`] : []),
    ...(skipped.length > 0 ? [`${count(skipped.length)} skipped`] : []),
    ...(other_files > 0 ? [`${counted(other_files, 'file')} of other types`] : []),
  ]
  const leftOut = [
    ...(repeated > 0 ? [`${count(repeated)} that repeat`] : []),
    ...(too_long > 0 ? [`${count(too_long)} that are too long`] : []),
  ]
  const evaluated =
    held_out.length > 0 ? `${count(held_out.length)} from other ${held_out_by}s to evaluate on` : 'none to evaluate on'
  return [
    `Read ${counted(documents, 'document')} with ${counted(passages, 'passage')} and ${counted(characters, 'character')}` +
      `${also.length > 0 ? ` (also ${also.join(', ')})` : ''}.`,
    `Found ${counted(recurring_spans, 'recurring span')} in ${counted(usable_sentences, 'sentence')} of prose.`,
    `Made ${counted(train.length, 'question')} to train on, and ${evaluated}` +
      `${leftOut.length > 0 ? `; left out ${leftOut.join(' and ')}` : ''}.`,
    ...skipped.slice(0, LISTED).map(({ name, reason }) => `  Skipped ${name}: ${reason}`),
    ...(skipped.length > LISTED ? [`  and ${count(skipped.length - LISTED)} more`] : []),
  ]
}

/** Maximum number of skipped documents that are listed. */
const LISTED = 20
