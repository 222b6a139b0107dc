import { SpanforgeError } from '../../errors.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import { architectureOf } from '../../models/registry.ts'
import { trainingFlop } from '../../models/useful-work.ts'
import type { Engine, Precision } from '../../runtime/engine.ts'
import { openEngine } from '../../runtime/registry.ts'
import { type StepSize, secondsOfStep } from '../load/measure-engine.ts'
import type { EngineState } from './engine-states.ts'

/** The speed of a device other than the CPU. */
export interface DeviceRates {
  /** Name of the device, as for `--device`. */
  readonly device: string
  readonly full_name: string
  /** Useful work of the measured step in each second, by precision. */
  readonly gflop_per_second: Readonly<Partial<Record<Precision, number>>>
  /** Why it was not measured. */
  readonly problem: string | null
}

/** A batch of the notebook, whose windows have 186 tokens on average. */
const STEP: StepSize = { layers: 2, words: 1024, windows: 16, length: 186, runs: 3 }

/** Measures a small training step on each device that is not the CPU, in each of its precisions. */
export async function deviceRates(
  states: readonly EngineState[],
  config: ModelConfig,
  measure = trainingRate,
): Promise<DeviceRates[]> {
  const rates: DeviceRates[] = []
  for (const { name, found } of states)
    for (const { device, full_name, precisions, is_software } of found?.devices ?? []) {
      if (device === 'cpu') continue
      const gflop_per_second: Partial<Record<Precision, number>> = {}
      let problem = is_software ? 'it is a program that computes on the CPU' : null
      try {
        for (const precision of problem ? [] : precisions)
          gflop_per_second[precision] = await measure(await openEngine(name, device), config, precision)
      } catch (error) {
        if (!(error instanceof SpanforgeError)) throw error
        problem = error.message
      }
      rates.push({ device, full_name, gflop_per_second, problem })
    }
  return rates
}

/** Measures the rate of training steps in GFLOP/s, on a few layers of a model of this configuration. */
export async function trainingRate(
  engine: Engine,
  config: ModelConfig,
  precision: Precision,
  step = STEP,
): Promise<number> {
  const { resized, geometry } = architectureOf(config)
  const seconds = await secondsOfStep(engine, config, precision, step)
  const measured = geometry(resized(config, { layers: step.layers, vocab_size: step.words }))
  return trainingFlop(measured, new Array(step.windows).fill(step.length)) / 1e9 / seconds
}
