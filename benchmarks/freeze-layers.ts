/**
 * Measures the speedup and the loss of accuracy of `freeze_layers`: trains the notebook's recipe on a real model,
 * completely and with its lowest layers frozen. Prints a table and stores all runs in a file; stored runs are not
 * repeated.
 *
 *     npx tsx benchmarks/freeze-layers.ts MODEL_FOLDER TRAIN_FILE VALIDATION_FILE [--freeze_layers 0,2,4]
 *       [--questions 3000] [--validation_questions 500] [--epochs 3] [--learning_rate 1e-4] [--seeds 42] [--out FILE]
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import { totalSize } from '../src/models/flat-parameters.ts'
import { isFrozen } from '../src/models/programs.ts'
import { count, decimal, duration, percentage } from '../src/report/render/format.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { train } from '../src/training/loop/loop.ts'

/** The settings that all runs of a comparison share. */
interface Recipe {
  readonly cpu: string
  readonly cores: number
  readonly model: string
  readonly train_file: string
  readonly validation_file: string
  readonly questions: number
  readonly validation_questions: number
  readonly epochs: number
  readonly learning_rate: number
}

interface Run {
  readonly freeze_layers: number
  readonly seed: number
  readonly trained_parameters: number
  /** Time from reading the data to the first step, including the computation of the frozen layers. */
  readonly preparing_seconds: number
  /** Time of all training steps, excluding evaluations. */
  readonly training_seconds: number
  /** Results of each epoch, in order. Exact match and F1 are in percent. */
  readonly evaluations: readonly { readonly loss: number; readonly exact_match: number; readonly f1: number }[]
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    freeze_layers: { type: 'string', default: '0,2,4' },
    questions: { type: 'string', default: '3000' },
    validation_questions: { type: 'string', default: '500' },
    epochs: { type: 'string', default: '3' },
    learning_rate: { type: 'string', default: '1e-4' },
    seeds: { type: 'string', default: '42' },
    out: { type: 'string', default: 'benchmarks/results/freeze-layers.json' },
  },
})
const [modelFolder, trainFile, validationFile] = positionals
if (!modelFolder || !trainFile || !validationFile)
  throw new Error('usage: npx tsx benchmarks/freeze-layers.ts MODEL_FOLDER TRAIN_FILE VALIDATION_FILE')
const numbers = (text: string) => text.split(',').map(Number)

const recipe: Recipe = {
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  model: basename(modelFolder),
  train_file: basename(trainFile),
  validation_file: basename(validationFile),
  questions: Number(values.questions),
  validation_questions: Number(values.validation_questions),
  epochs: Number(values.epochs),
  learning_rate: Number(values.learning_rate),
}
const windowOptions = { max_seq_length: 384, doc_stride: 128 }
const tokenizer = await loadTokenizer(modelFolder)
const dataset = (file: string, questions: number) =>
  createDataset(tokenizer, parseSquad(readFileSync(file, 'utf8'), file).slice(0, questions), windowOptions)
const trainSet = dataset(trainFile, recipe.questions)
const validationSet = dataset(validationFile, recipe.validation_questions)

const runs = earlierRuns()
for (const seed of numbers(values.seeds))
  for (const freeze_layers of numbers(values.freeze_layers)) {
    if (runs.some((run) => run.seed === seed && run.freeze_layers === freeze_layers)) continue
    runs.push(await measure(freeze_layers, seed))
    writeFileSync(values.out, `${JSON.stringify({ ...recipe, runs }, null, 1)}\n`)
  }
console.log(toText())

/** Returns the runs in the file if they have the same recipe and machine. */
function earlierRuns(): Run[] {
  if (!existsSync(values.out)) return []
  const { runs, ...others }: Recipe & { runs: Run[] } = JSON.parse(readFileSync(values.out, 'utf8'))
  if (JSON.stringify(others) === JSON.stringify(recipe)) return runs
  throw new Error(`${values.out} contains runs with another recipe or machine: remove it or choose another --out`)
}

async function measure(freeze_layers: number, seed: number): Promise<Run> {
  const output_dir = join(tmpdir(), `spanforge-freeze-layers-${process.pid}`)
  const args = parseArguments(
    {
      ...{ output_dir, freeze_layers, seed, ...windowOptions },
      ...{ num_train_epochs: recipe.epochs, learning_rate: recipe.learning_rate, weight_decay: 0.01 },
      ...{ per_device_train_batch_size: 16, per_device_eval_batch_size: 16 },
      ...{ eval_strategy: 'epoch', save_strategy: 'no', logging_steps: 20 },
    },
    'the notebook',
  )
  const { model } = await loadPretrained(modelFolder, { seed })
  const trained = model.specs.filter((spec) => !isFrozen(spec, args))
  const evaluations: Run['evaluations'][number][] = []
  let [preparing_seconds, training_seconds] = [0, 0]
  let since = performance.now()
  try {
    for await (const event of train({ model, args, train: trainSet, validation: validationSet })) {
      const seconds = (performance.now() - since) / 1000
      if (event.type === 'start') preparing_seconds = seconds
      if (event.type === 'step') training_seconds += seconds
      if (event.type === 'log') console.error(`freeze_layers ${freeze_layers}, seed ${seed}:`, event.entry)
      if (event.type === 'evaluate') {
        const { eval_loss, eval_exact_match, eval_f1 } = event.entry
        evaluations.push({ loss: eval_loss!, exact_match: eval_exact_match!, f1: eval_f1! })
      }
      since = performance.now()
    }
  } finally {
    await model.release()
    rmSync(output_dir, { recursive: true, force: true })
  }
  const trained_parameters = totalSize(trained)
  return { freeze_layers, seed, trained_parameters, preparing_seconds, training_seconds, evaluations }
}

function toText(): string {
  const seconds = (run: Run) => run.preparing_seconds + run.training_seconds
  const rows = runs.map((run) => {
    const full = runs.find(({ seed, freeze_layers }) => seed === run.seed && freeze_layers === 0)
    const last = run.evaluations.at(-1)
    return [
      String(run.freeze_layers),
      String(run.seed),
      count(run.trained_parameters),
      duration(run.preparing_seconds),
      duration(seconds(run)),
      full ? percentage(seconds(run) / seconds(full)) : '-',
      decimal(last?.loss, 3),
      decimal(last?.exact_match, 1),
      decimal(last?.f1, 1),
    ]
  })
  const titles = ['>Frozen layers', '>Seed', '>Parameters trained', '>Before the first step', '>Total time']
  const table = { columns: columns(...titles, '>Of the full run', '>Loss', '>Exact match', '>F1'), rows }
  const { cpu, cores, model, questions, epochs, learning_rate } = recipe
  const what = `${model}, ${count(questions)} questions, ${epochs} epochs, learning rate ${learning_rate}`
  return `${what}; ${cpu}, ${cores} cores. Times exclude evaluations.\n\n${textTable(table)}`
}
