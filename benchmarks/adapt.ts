/**
 * Compares fine-tuning on few questions with and without `spanforge adapt` before it, on one set of articles: questions
 * to train on, questions to choose the learning rate with, and questions to compare have different contexts. The model is
 * adapted to all contexts without their questions, as to a manual about which people will ask. Both sides train equally
 * long, with the learning rate that is best for each.
 *
 *     npx tsx benchmarks/adapt.ts [--sizes 64,256,1024] [--styles mixed] [--seeds 42,43,44] [--learning_rates ...]
 *
 * Each fine-tuning is a cell with a file of its own. Cells that have a file are not repeated, and an interrupted
 * adaptation is resumed. --max_steps 3 tries everything in a minute; write its results elsewhere with --out.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { QUESTION_STYLES, type QuestionStyle } from '../src/cloze/cloze-examples.ts'
import { sampleExamples, splitExamples } from '../src/data/parts.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { evaluateDataset } from '../src/inference/evaluate.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import { prepareAdaptation } from '../src/runs/adapt/adapt.ts'
import { ARGUMENTS_FILE, writeJson } from '../src/runs/run-files.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import { fineTune } from '../src/runs/train/fine-tune.ts'
import { type EngineName, openEngine } from '../src/runtime/registry.ts'
import { createDataset } from '../src/squad/dataset.ts'
import type { Example } from '../src/squad/types.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { train } from '../src/training/loop/loop.ts'
import { type Cell, printTable } from './adapt/table.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/squad-train-articles.json' },
    model: { type: 'string', default: '../shared/models/minilm-l6-h384' },
    sizes: { type: 'string', default: '64,256,1024' },
    styles: { type: 'string', default: 'mixed' },
    seeds: { type: 'string', default: '42,43,44' },
    learning_rates: { type: 'string', default: '5e-5,1e-4,2e-4' },
    engine: { type: 'string', default: 'onednn' },
    no_bf16: { type: 'boolean', default: false },
    max_steps: { type: 'string' },
    work: { type: 'string', default: 'build/adapt' },
    out: { type: 'string', default: 'benchmarks/results/adapt' },
  },
})
const numbersOf = (list: string): number[] => list.split(',').map(Number)
const styles = values.styles.split(',').filter(Boolean) as QuestionStyle[]
const unknown = styles.find((style) => !QUESTION_STYLES.includes(style))
if (unknown) throw new Error(`unknown style ${unknown}; available: ${QUESTION_STYLES.join(', ')}`)
const computing = { engine: values.engine, bf16: !values.no_bf16 }
const limit = values.max_steps === undefined ? {} : { max_steps: Number(values.max_steps) }

/** Questions with which the learning rate is chosen, and questions on which the two sides are compared. */
const [CHOOSE, COMPARE] = [400, 1000]
const SPLIT_SEED = 42
/** At least so many steps and epochs, because a few steps on few questions underfit (Mosbach et al. 2021; Ram et al. 2021). */
const [MIN_STEPS, MIN_EPOCHS] = [200, 10]
const BATCH_SIZE = 16

const tokenizer = await loadTokenizer(values.model)
const windowsOf = (examples: readonly Example[]) =>
  createDataset(tokenizer, examples, { max_seq_length: 384, doc_stride: 128 })
const all = await readExamples(values.data)
const { parts } = splitExamples(all, { seed: SPLIT_SEED, shares: [0.1, 0.25], by: 'context' })
const [pool, choosing, comparing] = parts
const choose = windowsOf(sampleExamples(choosing, CHOOSE, SPLIT_SEED))
const compare = windowsOf(sampleExamples(comparing, COMPARE, SPLIT_SEED))

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

const cells: Cell[] = []
for (const size of numbersOf(values.sizes))
  for (const side of ['plain', ...styles])
    for (const seed of numbersOf(values.seeds))
      for (const learning_rate of numbersOf(values.learning_rates))
        cells.push(await cellOf({ size, side, seed, learning_rate }))
printTable(cells)

function stop(): never {
  console.log('Interrupted. Run the same command again to resume.')
  process.exit(130)
}

async function cellOf(key: Pick<Cell, 'size' | 'side' | 'seed' | 'learning_rate'>): Promise<Cell> {
  const { size, side, seed, learning_rate } = key
  const file = join(values.out, `${side}-${size}-lr-${learning_rate}-seed-${seed}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  const folder = side === 'plain' ? values.model : await adapted(side as QuestionStyle)
  const cell = { ...key, ...(await fineTuned(folder, key)) }
  mkdirSync(values.out, { recursive: true })
  await writeJson(file, cell)
  console.log(`${file}: F1 ${cell.f1.toFixed(2)}`)
  return cell
}

/** The folder of the adapted model, which is trained if it does not exist yet. */
async function adapted(style: QuestionStyle): Promise<string> {
  const output_dir = join(values.work, style)
  if (existsSync(join(output_dir, 'all_results.json'))) return output_dir
  const isBegun = existsSync(join(output_dir, ARGUMENTS_FILE))
  const given = {
    ...{ model: values.model, output_dir, max_minutes: null, ...computing, ...limit },
    ...(isBegun && { resume_from_checkpoint: 'latest' }),
  }
  const screen = { ...noScreen, print: console.log }
  const args = await prepareAdaptation([values.data], given, { style, max_examples: 20_000, held_out: 0.05, screen })
  const { status } = await fineTune(args, { screen, control: { signal: interrupted.signal } })
  if (status === 'interrupted') stop()
  return output_dir
}

async function fineTuned(folder: string, { size, seed, learning_rate }: Pick<Cell, 'size' | 'seed' | 'learning_rate'>) {
  const output_dir = mkdtempSync(join(tmpdir(), 'spanforge-adapt-'))
  const dataset = windowsOf(sampleExamples(pool, size, seed))
  const epochs = Math.max(MIN_EPOCHS, (MIN_STEPS * BATCH_SIZE) / dataset.windows.length)
  const args = parseArguments(
    {
      ...{ output_dir, seed, learning_rate, num_train_epochs: epochs, per_device_train_batch_size: BATCH_SIZE },
      ...{ warmup_ratio: 0.1, weight_decay: 0.01, save_strategy: 'no', logging_steps: 50, ...computing, ...limit },
    },
    'the benchmark',
  )
  const engine = await openEngine(values.engine as EngineName)
  const { model } = await loadPretrained(folder, { seed, engine, bf16: computing.bf16 })
  try {
    let steps = 0
    for await (const event of train({ model, args, train: dataset })) {
      if (interrupted.signal.aborted) stop()
      if (event.type === 'step') steps++
    }
    const chosen = await evaluateDataset(model, choose)
    const { metrics, scores } = await evaluateDataset(model, compare)
    return {
      epochs,
      steps,
      choosing_f1: chosen.metrics.eval_f1,
      exact_match: metrics.eval_exact_match,
      f1: metrics.eval_f1,
      scores: scores.map(({ exact_match, f1 }) => `${exact_match} ${Number(f1.toFixed(4))}`).join(', '),
    }
  } finally {
    await model.release()
    rmSync(output_dir, { recursive: true, force: true })
  }
}
