/**
 * Runs the notebook's recipe on a real model and real data for several seeds and learning rates, for comparison with
 * results recorded from transformers. Runs that already have a result are not repeated.
 *
 *     npx tsx benchmarks/notebook-recipe.ts MODEL_FOLDER TRAIN_FILE VALIDATION_FILE [--seeds 42,43,44] \
 *       [--learning_rates 3e-5,1e-4] [--engine onednn --bf16 --out FOLDER]
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { windowLosses } from '../src/inference/logits.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import { defaultEngine, type EngineName, openEngine } from '../src/runtime/registry.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { train } from '../src/training/loop/loop.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '42,43,44' },
    learning_rates: { type: 'string', default: '3e-5,1e-4' },
    engine: { type: 'string', default: defaultEngine.name },
    bf16: { type: 'boolean', default: false },
    out: { type: 'string', default: 'benchmarks/results/notebook-recipe' },
  },
})
const [modelFolder, trainFile, validationFile] = positionals
if (!modelFolder || !trainFile || !validationFile) throw new Error('give MODEL_FOLDER TRAIN_FILE VALIDATION_FILE')

/** An evaluation of a run, in the format of the reference. */
interface EpochResult {
  epoch: number
  training_loss: number
  eval_loss_fp32_padded_384: number
  eval_loss_fp32_real_tokens_only: number
  exact_match: number
  f1: number
}

const windowOptions = { max_seq_length: 384, doc_stride: 128 }
const tokenizer = await loadTokenizer(modelFolder)
const dataset = (file: string, questions: number) =>
  createDataset(tokenizer, parseSquad(readFileSync(file, 'utf8'), file).slice(0, questions), windowOptions)
const [trainSet, validationSet] = [dataset(trainFile, 3000), dataset(validationFile, 500)]

for (const learning_rate of values.learning_rates.split(',').map(Number))
  for (const seed of values.seeds.split(',').map(Number)) {
    const result = join(values.out, `lr-${learning_rate}-seed-${seed}.json`)
    if (existsSync(result)) console.log(`${result}: already exists`)
    else await run(learning_rate, seed, result)
  }

async function run(learning_rate: number, seed: number, result: string): Promise<void> {
  const output_dir = join(tmpdir(), `notebook-recipe-${learning_rate}-${seed}`)
  const args = parseArguments(
    {
      output_dir,
      num_train_epochs: 3,
      per_device_train_batch_size: 16,
      per_device_eval_batch_size: 16,
      learning_rate,
      weight_decay: 0.01,
      eval_strategy: 'epoch',
      save_strategy: 'epoch',
      save_total_limit: 1,
      load_best_model_at_end: true,
      metric_for_best_model: 'loss',
      logging_steps: 20,
      seed,
      bf16: values.bf16,
      ...windowOptions,
    },
    'the notebook',
  )
  const engine = await openEngine(values.engine as EngineName)
  const { model } = await loadPretrained(modelFolder, { seed, engine, bf16: values.bf16 })
  const epochs: EpochResult[] = []
  let metrics: Record<string, number> = {}
  let best: string | undefined
  for await (const event of train({ model, args, train: trainSet, validation: validationSet })) {
    if (event.type === 'log') console.log(JSON.stringify(event.entry))
    if (event.type === 'evaluate') {
      const padded = await windowLosses(model, validationSet.windows, {
        padding: 'max_length',
        max_tokens_per_pass: 3072,
      })
      const { train_loss, eval_loss, eval_exact_match, eval_f1 } = event.entry
      epochs.push({
        epoch: event.entry.epoch,
        training_loss: train_loss!,
        eval_loss_fp32_padded_384: padded.loss,
        eval_loss_fp32_real_tokens_only: eval_loss!,
        exact_match: eval_exact_match!,
        f1: eval_f1!,
      })
      console.log(JSON.stringify(epochs.at(-1)))
    }
    if (event.type === 'best loaded')
      best = `epoch ${epochs.findIndex((e) => e.eval_loss_fp32_real_tokens_only === event.metric) + 1}`
    if (event.type === 'end') metrics = { ...event.metrics }
  }
  await model.release()
  rmSync(output_dir, { recursive: true, force: true })
  mkdirSync(values.out, { recursive: true })
  const { output_dir: _, ...used } = args
  const windows = { train: trainSet.windows.length, validation: validationSet.windows.length }
  writeFileSync(
    result,
    `${JSON.stringify({ arguments: used, windows, epochs, best_by_loss: best, metrics }, null, 2)}\n`,
  )
}
