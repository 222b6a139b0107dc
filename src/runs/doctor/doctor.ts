import type { Geometry } from '../../models/architecture.ts'
import { bert } from '../../models/bert.ts'
import { totalSize } from '../../models/flat-parameters.ts'
import { parameterSpecs } from '../../models/programs.ts'
import { peakRate, trainingFlopOf } from '../../models/useful-work.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { inspectMachine, type Machine } from '../machine.ts'
import { type DeviceRates, deviceRates } from './device-rates.ts'
import { adviceOn, type EngineState, engineStates } from './engine-states.ts'

/** The notebook's training data: 3,000 SQuAD questions in windows of at most 384 tokens. Only real tokens count. */
export const NOTEBOOK = { windows: 3074, epochs: 3, tokens: 571_987, squared_lengths: 123_093_175 } as const

/** Estimated time and memory for a training run of the notebook's size on this machine. */
export interface TrainingEstimate {
  readonly model: string
  readonly parameters: number
  /** Useful work as a fraction of the machine's peak rate, as measured by the benchmarks. */
  readonly share_of_peak: number
  /** Peak memory of the process, as measured by the benchmarks. */
  readonly memory_bytes: number
  readonly seconds: number
  readonly fits: boolean
}

/** Estimated time and memory for a training run of the notebook's size on a device other than the CPU. */
export interface DeviceEstimate extends Omit<DeviceRates, 'gflop_per_second'> {
  readonly estimates: readonly {
    readonly model: string
    readonly precision: string
    readonly parameters: number
    readonly seconds: number
    /** Weights, gradients and moments. The values of a pass need more. */
    readonly memory_bytes: number
  }[]
}

export interface Diagnosis extends Machine {
  readonly engines: readonly EngineState[]
  /** Suggestion for faster training on this machine. */
  readonly advice: string
  readonly peak_gflop_per_second: number
  readonly notebook: typeof NOTEBOOK
  readonly estimates: readonly TrainingEstimate[]
  /** Training on graphics cards and other devices. */
  readonly device_estimates: readonly DeviceEstimate[]
}

interface KnownModel {
  readonly model: string
  readonly geometry: Geometry
  readonly parameters: number
  readonly share_of_peak: number
  readonly memory_bytes: number
}

const BERT_BASE = bert.parseConfig({ model_type: 'bert' }, 'doctor')

function bertOf(sizes: object): Pick<KnownModel, 'geometry' | 'parameters'> {
  const config = bert.parseConfig({ model_type: 'bert', ...sizes }, 'doctor')
  return { geometry: bert.geometry(config), parameters: totalSize(parameterSpecs(config)) }
}

/**
 * Figures from benchmarks/results/speed.json, for random batches of 16 in float32, including dropout and the optimizer.
 */
export const KNOWN: readonly KnownModel[] = [
  { model: 'BERT-base', ...bertOf({}), share_of_peak: 0.73, memory_bytes: 5.6e9 },
  {
    model: 'MiniLM-L6-H384',
    ...bertOf({ hidden_size: 384, num_hidden_layers: 6, intermediate_size: 1536 }),
    share_of_peak: 0.52,
    memory_bytes: 1.8e9,
  },
]

/**
 * Examines this machine, measures its peak rate (about two seconds on all cores) and a small training step on each
 * graphics card, and estimates training times.
 */
export async function diagnose(): Promise<Diagnosis> {
  const machine = inspectMachine()
  const engines = await engineStates()
  const peak_gflop_per_second = await peakRate(defaultEngine, 10)
  return {
    ...machine,
    engines,
    advice: adviceOn(engines, machine),
    peak_gflop_per_second,
    notebook: NOTEBOOK,
    estimates: KNOWN.map((model) => estimate(model, peak_gflop_per_second, machine)),
    device_estimates: (await deviceRates(engines, BERT_BASE)).map(estimateOnDevice),
  }
}

/** Estimates training: its useful work (matrix products for real tokens) divided by the expected rate. */
export function estimate(known: KnownModel, peak: number, { memory_total }: Machine): TrainingEstimate {
  const { model, geometry, parameters, share_of_peak, memory_bytes } = known
  const seconds = notebookGflop(geometry) / (peak * share_of_peak)
  return { model, parameters, share_of_peak, memory_bytes, seconds, fits: memory_bytes < memory_total }
}

/** The useful work of the notebook's training, in GFLOP. */
function notebookGflop(geometry: Geometry): number {
  const { tokens, squared_lengths, epochs } = NOTEBOOK
  return (epochs * trainingFlopOf(geometry, { tokens, squared_lengths })) / 1e9
}

/** Bytes on a device for each parameter: two copies of the weight, its gradient and two moments, in float32. */
const BYTES_ON_DEVICE = 20

function estimateOnDevice({ gflop_per_second, ...device }: DeviceRates): DeviceEstimate {
  const estimates = Object.entries(gflop_per_second).flatMap(([precision, rate]) =>
    KNOWN.map(({ model, geometry, parameters }) => ({
      ...{ model, precision, parameters },
      seconds: notebookGflop(geometry) / rate,
      memory_bytes: BYTES_ON_DEVICE * parameters,
    })),
  )
  return { ...device, estimates }
}
