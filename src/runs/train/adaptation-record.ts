/** The record of the examples that `spanforge adapt` has made in the output folder of its run. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readJsonFile } from '../../files/text-file.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { ADAPTATION_FOLDER } from '../run-files.ts'

/** Counts of what has been read and found in documents. */
export interface AdaptCounts {
  documents: number
  /** Number of documents with the same text as another one, which are not used again. */
  duplicates: number
  /** Files in folders that are not documents. */
  other_files: number
  characters: number
  /** Different passages. */
  passages: number
  sentences: number
  /** Sentences that are prose, and occur only once in their document. */
  usable_sentences: number
  /** Different spans that occur in at least two of them. */
  recurring_spans: number
  /** Questions that leave no room for a context in the windows of the model, and are not used. */
  too_long: number
}

/** How the examples of an adapted model were made. */
export interface AdaptationRecord extends Readonly<AdaptCounts> {
  /** Last parts of the paths of the documents. */
  readonly sources: readonly string[]
  /** Number of questions to train on. */
  readonly train: number
  /** Number of questions to evaluate on. */
  readonly held_out: number
  readonly held_out_by: 'document' | 'passage'
  readonly question_style: string
  readonly seed: number
  /** SHA-256 of the passages in any order. */
  readonly digest: string
  /** Version of spanforge. */
  readonly spanforge: string
}

/** The paths of the files of an adaptation in an output folder. */
export const adaptationFiles = (output_dir: string) => ({
  train: join(output_dir, ADAPTATION_FOLDER, 'train.jsonl'),
  held_out: join(output_dir, ADAPTATION_FOLDER, 'held_out.jsonl'),
  record: join(output_dir, ADAPTATION_FOLDER, 'adaptation.json'),
})

/** Reads the record of the examples in an output folder; undefined if they are missing or incomplete. */
export async function readAdaptation(output_dir: string): Promise<AdaptationRecord | undefined> {
  const { record } = adaptationFiles(output_dir)
  return existsSync(record) ? ((await readJsonFile(record)) as AdaptationRecord) : undefined
}

type RunFiles = Pick<TrainingArguments, 'output_dir' | 'train_file'>

/** Whether a run trains on the examples in its output folder. */
export const trainsOnAdaptation = ({ output_dir, train_file }: RunFiles): boolean =>
  Boolean(train_file) && resolve(train_file!) === resolve(adaptationFiles(output_dir).train)

/** The record of the examples that a run trains on; undefined if it trains on other data. */
export const adaptationOf = async (args: RunFiles): Promise<AdaptationRecord | undefined> =>
  trainsOnAdaptation(args) ? readAdaptation(args.output_dir) : undefined
