import { randomModel } from '../../inference/pretrained.ts'
import type { ModelConfig } from '../../models/architecture.ts'
import { architectureOf } from '../../models/registry.ts'
import type { Engine, Precision } from '../../runtime/engine.ts'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { Stepper } from '../../training/loop/stepper.ts'

/** The size of a measured training step. Sizes of the model that are smaller are kept. */
export interface StepSize {
  readonly layers: number
  readonly words: number
  readonly windows: number
  /** Tokens of a window. */
  readonly length: number
  /** Number of steps after the first, which compiles the graphs. */
  readonly runs: number
}

const SMALL: StepSize = { layers: 2, words: 1024, windows: 4, length: 160, runs: 3 }

/**
 * Measures how long an engine takes for a training step of a few layers of a model with random weights. The result is the
 * fastest of several steps.
 */
export async function secondsOfStep(
  engine: Engine,
  config: ModelConfig,
  precision: Precision,
  size = SMALL,
): Promise<number> {
  const { resized, geometry } = architectureOf(config)
  const { layers, vocab_size: words, max_positions } = geometry(config)
  const vocab_size = Math.min(words, size.words)
  const length = Math.min(size.length, max_positions)
  const model = randomModel(resized(config, { layers: Math.min(size.layers, layers), vocab_size }), { engine })
  const settings = { bf16: precision === 'bfloat16', fp16: precision === 'float16' }
  const args = parseArguments(settings, 'measurement')
  const windows = Array.from({ length: size.windows }, (_, example) => ({
    example,
    input_ids: Int32Array.from({ length }, (_, i) => (31 * i + 7 * example) % vocab_size),
    context_start: 1,
    context_end: length - 1,
    offsets: new Int32Array(2 * length),
    start_position: 1 + (example % 2),
    end_position: 2,
  }))
  const batch = windows.map((_, i) => i)
  const stepper = await Stepper.open(model, args, size.runs + 1)
  const times: number[] = []
  try {
    for (let step = 0; step <= size.runs; step++) {
      const began = performance.now()
      await stepper.step(step, [batch], windows)
      times.push((performance.now() - began) / 1000)
    }
  } finally {
    await stepper.release()
    await model.release()
  }
  return Math.min(...times.slice(1))
}
