import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { UsageError } from '../../errors.ts'
import { readJsonFile } from '../../files/text-file.ts'
import { resolveAnswerOptions } from '../../inference/answer-options.ts'
import { searchDocuments } from '../../inference/pipeline.ts'
import { loadPretrained } from '../../inference/pretrained.ts'
import { packageFile } from '../../package-root.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'
import type { Example } from '../../squad/types.ts'
import { generateExamples } from '../../synthetic/examples.ts'
import { parseArguments, type TrainingArguments } from '../../training/arguments/arguments.ts'
import { ARGUMENTS_FILE, writeFile } from '../run-files.ts'

/** The small BERT that scripts/pretrain-embedded.ts pretrained on synthetic text. */
const MODEL = packageFile('examples/embedded/model')

const TRAIN_QUESTIONS = 6000
const VALIDATION_QUESTIONS = 500
const SEED = 42

/** A run with the embedded model and synthetic data, ready for `fineTune`. */
export interface Demo {
  readonly args: TrainingArguments
  /** Questions used neither for training nor for validation. */
  readonly heldOut: readonly Example[]
}

/**
 * Writes the two data files as SQuAD JSON to `folder`/data. The output folder of the run is `folder`/run.
 * @throws UsageError if the folder contains data or a run that does not belong to an earlier demonstration
 */
export async function prepareDemo(folder: string): Promise<Demo> {
  const isEarlier = await isDemo(folder)
  const file = async (name: string, examples: readonly Example[]): Promise<string> => {
    const path = join(folder, 'data', name)
    const text = toSquadJson(examples)
    if (!isEarlier && existsSync(path) && (await readFile(path, 'utf8')) !== text)
      throw new UsageError(
        `${path}: already exists and does not belong to a demonstration`,
        'Choose another --output_dir.',
      )
    await writeFile(path, text)
    return path
  }
  const train = generateExamples({ seed: SEED, split: 'train', questions: TRAIN_QUESTIONS })
  const unseen = generateExamples({ seed: SEED, split: 'validation', questions: VALIDATION_QUESTIONS + 50 })
  const args = parseArguments(
    {
      model: MODEL,
      train_file: await file('train.json', train),
      validation_file: await file('validation.json', unseen.slice(0, VALIDATION_QUESTIONS)),
      output_dir: join(folder, 'run'),
      overwrite_output_dir: true,
      num_train_epochs: 3,
      per_device_train_batch_size: 16,
      per_device_eval_batch_size: 16,
      learning_rate: 5e-4,
      weight_decay: 0.01,
      warmup_ratio: 0.1,
      max_seq_length: 128,
      doc_stride: 32,
      logging_steps: 50,
      eval_strategy: 'epoch',
      save_strategy: 'epoch',
      save_total_limit: 1,
      load_best_model_at_end: true,
      metric_for_best_model: 'exact_match',
      seed: SEED,
    },
    'the demonstration',
  )
  return { args, heldOut: unseen.slice(VALIDATION_QUESTIONS) }
}

/** Whether the folder contains an earlier demonstration, which the new one replaces. */
async function isDemo(folder: string): Promise<boolean> {
  const path = join(folder, 'run', ARGUMENTS_FILE)
  if (!existsSync(path)) return false
  const { model, train_file } = (await readJsonFile(path)) as Partial<TrainingArguments>
  if (model?.endsWith(join('embedded', 'model')) && train_file?.endsWith(join('data', 'train.json'))) return true
  throw new UsageError(
    `${join(folder, 'run')}: contains a run that is not a demonstration, which would be replaced`,
    'Choose another --output_dir.',
  )
}

export interface DemoAnswer {
  readonly example: Example
  readonly answer: string
  /** Probability that the answer is correct; null without a fitted confidence. */
  readonly confidence: number | null
}

/** Answers up to `count` held-out questions with the trained model, each of a different kind and about a different text. */
export async function* askDemo({ args, heldOut }: Demo, count: number): AsyncGenerator<DemoAnswer> {
  const { model } = await loadPretrained(args.output_dir)
  const tokenizer = await loadTokenizer(args.output_dir)
  const options = resolveAnswerOptions({}, await loadAnswerSettings(args.output_dir))
  for (const example of oneOfEachKind(heldOut).slice(0, count))
    for await (const found of searchDocuments(model, tokenizer, [example.question], [example.context], options)) {
      const [{ answer, confidence = null }] = found.candidates
      yield { example, answer, confidence }
    }
  await model.release()
}

function oneOfEachKind(examples: readonly Example[]): Example[] {
  const byKind = new Map<string, Example>()
  const contexts = new Set<string>()
  for (const example of examples) {
    const kind = example.question.split(' ', 1)[0]
    if (byKind.has(kind) || contexts.has(example.context)) continue
    byKind.set(kind, example)
    contexts.add(example.context)
  }
  return [...byKind.values()]
}
