import { type GivenLengths, windowLengths } from '../../inference/window-lengths.ts'
import { labeled } from '../../squad/dataset.ts'
import type { Example, LabeledWindow } from '../../squad/types.ts'
import { WindowCutter } from '../../squad/windows.ts'
import { parseArguments } from '../../training/arguments/arguments.ts'
import { Stepper } from '../../training/loop/stepper.ts'
import type { LoadedModel } from '../load/load-model.ts'

export interface TrainingSpeed {
  /** Rate in real tokens, without padding. */
  readonly tokens_per_second: number
  /** Peak memory of the process so far, including the dataset. */
  readonly peak_bytes: number
  /** Number of windows in each measured step. */
  readonly batch_size: number
}

/** Number of steps, including the first one, which prepares the graph and is not counted. */
const STEPS = 3

/** Measures a few real training steps with default arguments on questions spread over a dataset. */
export async function measureTraining(
  { model, tokenizer, settings }: LoadedModel,
  examples: readonly Example[],
  given: GivenLengths,
): Promise<TrainingSpeed> {
  const facts = { ...model.geometry, model_max_length: tokenizer.model_max_length, settings }
  const { max_seq_length, doc_stride } = windowLengths(given, facts)
  const args = parseArguments({ max_seq_length, doc_stride }, 'estimate')
  const { per_device_train_batch_size: batch_size } = args
  const cutter = new WindowCutter(tokenizer, { max_seq_length, doc_stride })
  const windows: LabeledWindow[] = []
  const apart = Math.max(1, Math.floor(examples.length / (batch_size * STEPS)))
  for (let i = 0; i < examples.length && windows.length < batch_size * STEPS; i += apart)
    for (const window of cutter.cut(examples[i], i)) windows.push(labeled(window, examples[i]))
  const stepper = await Stepper.open(model, args, STEPS)
  try {
    let [tokens, seconds] = [0, 0]
    for (let step = 0; step < STEPS; step++) {
      const group = Array.from({ length: batch_size }, (_, i) => (step * batch_size + i) % windows.length)
      const began = performance.now()
      const taken = await stepper.step(step, [group], windows)
      if (step === 0) continue
      tokens += taken.tokens
      seconds += (performance.now() - began) / 1000
    }
    return { tokens_per_second: tokens / seconds, peak_bytes: process.resourceUsage().maxRSS * 1024, batch_size }
  } finally {
    await stepper.release()
  }
}
