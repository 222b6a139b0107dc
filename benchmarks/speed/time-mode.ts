/**
 * Measures a model in one mode in a separate process, so that the peak memory is that of this mode. Started by
 * ../speed.ts with its settings as a JSON argument; prints a JSON document.
 */
import { evaluateDataset } from '../../src/inference/evaluate.ts'
import type { QuestionAnsweringModel } from '../../src/models/question-answering.ts'
import { forwardFlop, trainingFlop } from '../../src/models/useful-work.ts'
import type { EngineName } from '../../src/runtime/registry.ts'
import { countTokens, type Dataset } from '../../src/squad/dataset.ts'
import { parseArguments } from '../../src/training/arguments/arguments.ts'
import { Stepper } from '../../src/training/loop/stepper.ts'
import { type Order, type Picked, pickBatches } from './batches.ts'
import { readDataset, subset } from './data.ts'
import type { OwnResult, Rates, StepRecord, TrainingRates } from './document.ts'
import { engineWith } from './engine.ts'
import { peakResidentBytes } from './memory.ts'
import { benchmarkModel } from './models.ts'

export interface ModeSettings {
  readonly train_file: string
  readonly folder: string
  readonly questions: number
  /** One of `MODELS`. */
  readonly model: string
  readonly mode: Order
  readonly steps: number
  readonly threads: number
  readonly engine: EngineName
  /** Whether training and evaluation use bfloat16. */
  readonly bf16: boolean
  readonly max_tokens_per_pass: number
  /** See `CompileOptions`. */
  readonly spin?: boolean
  readonly gradient_checkpointing?: boolean
}

/**
 * Step number of the warm-up. New dropout masks are drawn every 16 steps, and the measurement must include their cost.
 */
const WARMUP_STEP = 15

const lengthsOf = ({ windows }: Dataset, indices: readonly number[]): number[] =>
  indices.map((i) => windows[i].input_ids.length)

async function timeTraining(
  model: QuestionAnsweringModel,
  data: Dataset,
  { warmup, timed }: Picked,
  { max_tokens_per_pass, gradient_checkpointing }: ModeSettings,
): Promise<TrainingRates> {
  const memory = { max_tokens_per_pass, gradient_checkpointing }
  const options = { learning_rate: 3e-5, weight_decay: 0.01, max_grad_norm: 1, ...memory }
  const stepper = await Stepper.open(model, parseArguments(options, 'benchmark'), WARMUP_STEP + timed.length + 1)
  await stepper.step(WARMUP_STEP, [warmup], data.windows)
  const steps: StepRecord[] = []
  for (const [i, windows] of timed.entries()) {
    const start = performance.now()
    const { loss, tokens } = await stepper.step(WARMUP_STEP + 1 + i, [windows], data.windows)
    const seconds = (performance.now() - start) / 1000
    const gflop = trainingFlop(model.geometry, lengthsOf(data, windows)) / 1e9
    steps.push({ windows, real_tokens: tokens, seconds, gflop, loss })
  }
  const sum = (value: (step: StepRecord) => number) => steps.reduce((total, step) => total + value(step), 0)
  const seconds = sum((step) => step.seconds)
  const peak_resident_bytes = peakResidentBytes()
  await stepper.release()
  return {
    samples_per_second: sum(({ windows }) => windows.length) / seconds,
    real_tokens_per_second: sum((step) => step.real_tokens) / seconds,
    gflop_per_second: sum((step) => step.gflop) / seconds,
    seconds_per_step: seconds / steps.length,
    peak_resident_bytes,
    steps,
  }
}

/** Measures the complete evaluation, including answers and metrics, on the windows of all timed batches. */
async function timeEvaluation(
  model: QuestionAnsweringModel,
  data: Dataset,
  { warmup, timed }: Picked,
  max_tokens_per_pass: number,
): Promise<Rates> {
  await evaluateDataset(model, subset(data, warmup), { max_tokens_per_pass })
  const windows = timed.flat()
  const { metrics } = await evaluateDataset(model, subset(data, windows), { max_tokens_per_pass })
  return {
    samples_per_second: metrics.eval_samples_per_second,
    real_tokens_per_second: metrics.eval_tokens_per_second,
    gflop_per_second: forwardFlop(model.geometry, lengthsOf(data, windows)) / 1e9 / metrics.eval_runtime,
  }
}

const settings: ModeSettings = JSON.parse(process.argv[2])
const { max_tokens_per_pass, gradient_checkpointing, bf16 } = settings
const engine = await engineWith(
  { threads: settings.threads, spin: settings.spin, precision: bf16 ? 'bfloat16' : 'float32' },
  settings.engine,
)
const data = await readDataset(settings.train_file, settings.folder, settings.questions)
const batches = pickBatches(data.windows, settings.mode, settings.steps)
const model = await benchmarkModel(settings.model, settings.folder, engine)
const result: OwnResult = {
  model: settings.model,
  mode: settings.mode,
  max_tokens_per_pass,
  gradient_checkpointing,
  engine: settings.engine,
  bf16,
  parameters: model.num_parameters(),
  data_windows: data.windows.length,
  data_tokens: countTokens(data.windows),
  training: await timeTraining(model, data, batches, settings),
  evaluation: await timeEvaluation(model, data, batches, max_tokens_per_pass),
}
console.log(JSON.stringify(result))
