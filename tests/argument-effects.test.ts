import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { noScreen } from '../src/runs/screen/screen.ts'
import { logFiles } from '../src/runs/train/log-files.ts'
import { prepareRun } from '../src/runs/train/prepare.ts'
import { runLoop } from '../src/runs/train/run-loop.ts'
import { argumentNames, parseArguments, type TrainingArgumentsInput } from '../src/training/arguments/arguments.ts'
import type { TrainingEvent } from '../src/training/loop/events.ts'
import { hasEngine } from './engines.ts'
import { squadParquet } from './squad-parquet.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { tinyExamples, tinyFolder, writeTinySquad } from './tiny-squad.ts'

/** The observable results of a run. A rejected run has only its error. */
interface Run {
  readonly error: string
  readonly events: readonly TrainingEvent[]
  /** Digest of the weights. */
  readonly weights: string
  readonly windows: number
  /** Number of tokenized questions, as reported by the progress callback. */
  readonly counted: readonly number[]
  /** Contents of output_dir, except for names that contain times and process ids. */
  readonly files: readonly string[]
}

const of = <T extends TrainingEvent['type']>({ events }: Run, type: T) =>
  events.filter((event): event is Extract<TrainingEvent, { type: T }> => event.type === type)

const weights = (run: Run) => run.weights
const windows = (run: Run) => run.windows
const files = (run: Run) => run.files
const rejected = (run: Run) => run.error
const steps = (run: Run) => of(run, 'step').length
const rates = (run: Run) => of(run, 'step').map(({ learning_rate }) => learning_rate)
const logs = (run: Run) => of(run, 'log').map(({ entry }) => entry.step)
const evaluations = (run: Run) => of(run, 'evaluate').map(({ entry }) => entry.step)
const losses = (run: Run) => of(run, 'evaluate').map(({ entry }) => entry.eval_loss)
const answers = (run: Run) =>
  of(run, 'evaluate').map(({ evaluation }) => evaluation.answers.map(({ candidates }) => candidates[0].answer))
/** Number of answers. A missing answer also counts as a possibility. */
const scores = (run: Run) =>
  of(run, 'evaluate').map(({ evaluation }) => evaluation.answers.map(({ candidates }) => candidates[0].score))
const saves = (run: Run) => of(run, 'save').map(({ folder }) => folder.match(/\d+$/)![0])

type Effect = readonly [
  change: TrainingArgumentsInput,
  seenIn: (run: Run) => unknown,
  together?: TrainingArgumentsInput,
]

/** The tiny model with a different activation. */
function withRelu(folder: string): string {
  const model = join(folder, 'relu')
  cpSync(tinyFolder, model, { recursive: true })
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'))
  writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, hidden_act: 'relu' }))
  return model
}

const everyEpoch = { eval_strategy: 'epoch', num_train_epochs: 2, max_steps: -1 } as const
const everyStep = { eval_strategy: 'steps', eval_steps: 1, max_steps: 3 } as const
const impatient = { ...everyStep, early_stopping_patience: 1, learning_rate: 1e-12 } as const

/** A folder of Parquet files with 12 training questions (4 in the second configuration) and 8 validation questions. */
function writeDataset(folder: string, name: string, first = 0): string {
  const path = join(folder, name)
  const write = (place: string, file: string, questions: number, from: number) => {
    mkdirSync(join(path, place), { recursive: true })
    writeFileSync(join(path, place, file), squadParquet(tinyExamples(questions, from)))
  }
  write('data', 'train.parquet', 12, first)
  write('data', 'validation.parquet', 8, first + 100)
  write('small', 'train.parquet', 4, first)
  write('small', 'validation.parquet', 8, first + 100)
  return path
}

const effects = (
  folder: string,
  many = writeTinySquad(folder, 'many.json', 100),
  data: TrainingArgumentsInput = {
    dataset: writeDataset(folder, 'dataset'),
    train_file: null,
    validation_file: null,
  },
): Record<string, Effect> => ({
  model: [{ model: withRelu(folder) }, weights],
  init_layers: [{ init_layers: [1] }, weights],
  teacher: [{ teacher: withRelu(folder) }, weights],
  dataset: [{ dataset: writeDataset(folder, 'other', 50) }, weights, data],
  dataset_config: [{ dataset_config: 'small' }, windows, { ...data, dataset_config: 'default' }],
  train_split: [{ train_split: 'validation' }, windows, data],
  validation_split: [{ validation_split: 'train' }, losses, { ...data, ...everyEpoch }],
  train_file: [{ train_file: writeTinySquad(folder, 'other.json', 12, 50) }, weights],
  validation_file: [{ validation_file: writeTinySquad(folder, 'other-dev.json', 8, 150) }, losses, everyEpoch],
  max_seq_length: [{ max_seq_length: 20 }, windows],
  doc_stride: [{ doc_stride: 2 }, windows, { max_seq_length: 20 }],
  max_train_samples: [{ max_train_samples: 5 }, windows],
  max_eval_samples: [{ max_eval_samples: 3 }, losses, everyEpoch],
  version_2_with_negative: [{ version_2_with_negative: true }, scores, everyEpoch],
  null_score_diff_threshold: [
    { null_score_diff_threshold: -100 },
    answers,
    { ...everyEpoch, version_2_with_negative: true },
  ],
  max_answer_length: [{ max_answer_length: 1 }, answers, everyEpoch],

  // Worker threads receive more questions at a time.
  dataloader_num_workers: [{ dataloader_num_workers: 1 }, (run) => run.counted, { train_file: many }],

  num_train_epochs: [{ num_train_epochs: 2 }, steps, { max_steps: -1 }],
  max_steps: [{ max_steps: 1 }, steps],
  per_device_train_batch_size: [{ per_device_train_batch_size: 8 }, weights],
  per_device_eval_batch_size: [{ per_device_eval_batch_size: 3 }, losses, { ...everyEpoch, padding: 'longest' }],
  gradient_accumulation_steps: [{ gradient_accumulation_steps: 2 }, weights],
  padding: [{ padding: 'max_length' }, losses, everyEpoch],
  max_tokens_per_pass: [{ max_tokens_per_pass: 64 }, weights],
  group_by_length: [{ group_by_length: true }, weights, { train_file: many }],
  dataloader_drop_last: [{ dataloader_drop_last: true }, steps, { max_steps: -1, per_device_train_batch_size: 5 }],
  seed: [{ seed: 1 }, weights],
  data_seed: [{ data_seed: 1 }, weights],
  freeze_embeddings: [{ freeze_embeddings: true }, weights],
  freeze_layers: [{ freeze_layers: 1 }, weights],

  learning_rate: [{ learning_rate: 2e-3 }, rates],
  layer_lr_decay: [{ layer_lr_decay: 0.8 }, weights],
  weight_decay: [{ weight_decay: 0.5 }, weights],
  adam_beta1: [{ adam_beta1: 0.5 }, weights],
  adam_beta2: [{ adam_beta2: 0.5 }, weights],
  adam_epsilon: [{ adam_epsilon: 1 }, weights],
  max_grad_norm: [{ max_grad_norm: 0.01 }, weights],
  ema_decay: [{ ema_decay: 0.9 }, weights],
  teacher_weight: [{ teacher_weight: 0.9 }, weights, { teacher: withRelu(folder) }],
  teacher_temperature: [{ teacher_temperature: 1 }, weights, { teacher: withRelu(folder) }],
  label_smoothing_factor: [{ label_smoothing_factor: 0.3 }, weights],
  lr_scheduler_type: [{ lr_scheduler_type: 'constant' }, rates],
  lr_scheduler_kwargs: [{ lr_scheduler_kwargs: { power: 3 } }, rates, { lr_scheduler_type: 'polynomial' }],
  warmup_steps: [{ warmup_steps: 1 }, rates],
  warmup_ratio: [{ warmup_ratio: 0.5 }, rates],
  // Another engine sums in a different order. If it is not installed, the run is rejected.
  engine: [{ engine: 'openvino' }, hasEngine('openvino') ? weights : rejected],
  device: [{ device: 'toaster' }, rejected],
  fp16: [{ fp16: true }, rejected],
  bf16: [{ bf16: true }, rejected, { engine: 'onnxruntime' }],
  bf16_full_eval: [{ bf16_full_eval: true }, rejected, { engine: 'onnxruntime' }],

  eval_strategy: [{ eval_strategy: 'epoch' }, evaluations],
  eval_steps: [{ eval_steps: 2 }, evaluations, { eval_strategy: 'steps' }],
  eval_delay: [{ eval_delay: 2 }, evaluations, everyStep],
  eval_on_start: [{ eval_on_start: true }, evaluations],
  load_best_model_at_end: [
    { load_best_model_at_end: true },
    (run) => of(run, 'best loaded').length,
    { ...everyStep, save_steps: 1 },
  ],
  metric_for_best_model: [{ metric_for_best_model: 'f1' }, (run) => of(run, 'start')[0].state.best_metric, everyStep],
  greater_is_better: [{ greater_is_better: true }, rejected],
  early_stopping_patience: [
    { early_stopping_patience: 2 },
    steps,
    { ...impatient, early_stopping_threshold: 100, max_steps: 4 },
  ],
  early_stopping_threshold: [
    { early_stopping_threshold: 100 },
    steps,
    { ...everyStep, early_stopping_patience: 1, learning_rate: 1e-3 },
  ],

  output_dir: [{ output_dir: join(folder, 'elsewhere') }, (run) => of(run, 'save')[0].folder],
  save_strategy: [{ save_strategy: 'best' }, saves, everyStep],
  save_steps: [{ save_steps: 1 }, saves],
  save_total_limit: [{ save_total_limit: 1 }, files, { save_steps: 1 }],
  save_only_model: [{ save_only_model: true }, files],

  logging_strategy: [{ logging_strategy: 'no' }, logs],
  logging_steps: [{ logging_steps: 2 }, logs],
  logging_first_step: [{ logging_first_step: true }, logs, { logging_steps: 2 }],
  report_to: [{ report_to: 'none' }, files],
  logging_dir: [{ logging_dir: join(folder, 'elsewhere') }, files],
})

/** Arguments whose effect cannot be seen in a single run or only in the loop, and where they are tested. */
const elsewhere: Readonly<Record<string, string>> = {
  revision: 'src/cli/names.test.ts',
  dataset_revision: 'src/cli/names.test.ts',
  max_minutes: 'src/training/loop/time-budget.test.ts',
  reduce_dtype: 'src/training/loop/ranks.test.ts',
  gradient_checkpointing: 'src/models/gradient-checkpointing.test.ts',
  on_nonfinite: 'src/training/loop/nonfinite.test.ts',
  overwrite_output_dir: 'src/cli/commands/train.test.ts',
  resume_from_checkpoint: 'src/cli/commands/train.test.ts',
  run_name: 'src/report/run-report.test.ts',
  disable_tqdm: 'src/api/trainer.test.ts',
}

async function run(given: TrainingArgumentsInput): Promise<Run> {
  const args = parseArguments(given, 'test')
  const events: TrainingEvent[] = []
  const counted: number[] = []
  const update = (done: number) => void counted.push(done)
  const screen = { ...noScreen, counting: () => ({ ...noScreen.counting('', '', 0), update }) }
  const seen = { error: '', counted, events, weights: '', windows: 0, files: [] as string[] }
  try {
    const prepared = await prepareRun(args, { screen })
    const { model } = prepared.loaded
    const listeners = [...logFiles(args), (event: TrainingEvent) => void events.push(event)]
    await runLoop(prepared, listeners)
    await model.release()
    const files = readdirSync(args.output_dir, { recursive: true }).map(String)
    return {
      ...seen,
      weights: createHash('sha256').update(model.parameters.data).digest('hex'),
      windows: prepared.train.windows.length,
      files: files.map((name) => name.replace(/tfevents.*/, 'tfevents')).sort(),
    }
  } catch (error) {
    return { ...seen, error: (error as Error).message }
  }
}

describe('Each training argument has an observable effect', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const table = effects(folder)
  const plain = new Map<string, Promise<Run>>()
  const basis: TrainingArgumentsInput = {
    model: tinyFolder,
    train_file: writeTinySquad(folder, 'train.json', 12),
    validation_file: writeTinySquad(folder, 'dev.json', 8, 100),
    max_seq_length: 48,
    doc_stride: 8,
    per_device_train_batch_size: 4,
    num_train_epochs: 1,
    max_steps: 2,
    learning_rate: 1e-3,
    logging_steps: 1,
  }

  test('each argument is tested here or in another test', () => {
    expect([...Object.keys(table), ...Object.keys(elsewhere)].sort()).toEqual([...argumentNames].sort())
    for (const [name, file] of Object.entries(elsewhere))
      expect(readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8'), file).toContain(name)
  })

  test.each(Object.entries(table))('%s', async (_, [change, seenIn, together = {}]) => {
    const key = JSON.stringify(together)
    if (!plain.has(key)) plain.set(key, run({ ...basis, output_dir: temporaryFolder(), ...together }))
    const without = await plain.get(key)!
    const changed = await run({ ...basis, output_dir: temporaryFolder(), ...together, ...change })
    expect(without.error).toBe('')
    if (seenIn !== rejected) expect(changed.error).toBe('')
    expect(seenIn(changed)).not.toEqual(seenIn(without))
  })
})
