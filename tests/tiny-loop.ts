import { loadPretrained } from '../src/inference/pretrained.ts'
import type { SpanModel } from '../src/models/span-model.ts'
import type { Ranks } from '../src/ranks/ranks.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { parseArguments, type TrainingArgumentsInput } from '../src/training/arguments/arguments.ts'
import type { TrainingEvent } from '../src/training/loop/events.ts'
import type { GradientFactory } from '../src/training/loop/gradient-source.ts'
import { train } from '../src/training/loop/loop.ts'
import type { RunControl } from '../src/training/loop/training-run.ts'
import { fixture } from './fixture.ts'
import { recordedDataset } from './tiny-model.ts'
import { tinyFolder } from './tiny-squad.ts'

export interface LoopChoice {
  /** Stops after the first event for which it returns true. */
  readonly until?: (event: TrainingEvent) => boolean
  readonly resume_from?: string
  readonly engine?: Engine
  /** The base model; the tiny model by default. */
  readonly model?: string
  /** Called with each event before the loop continues. */
  readonly onEvent?: (event: TrainingEvent) => Promise<void>
  readonly control?: RunControl
  readonly gradients?: GradientFactory
  readonly now?: () => number
  readonly teacher?: SpanModel
  readonly ranks?: Ranks
  readonly batch_size?: number
}

/** Trains the tiny model with dropout on 22 windows in batches of 4: 6 batches per epoch, 2 epochs. */
export async function trainTiny(
  more: TrainingArgumentsInput,
  { until, engine, model: folder = tinyFolder, onEvent, ...choice }: LoopChoice = {},
) {
  const { model } = await loadPretrained(folder, { engine })
  const args = parseArguments(
    {
      per_device_train_batch_size: 4,
      num_train_epochs: 2,
      learning_rate: 1e-3,
      logging_steps: 1,
      max_seq_length: 24,
      doc_stride: 4,
      ...more,
    },
    'test',
  )
  const events: TrainingEvent[] = []
  const data = (name: string) => recordedDataset(fixture(`trainer/${name}.safetensors`))
  try {
    for await (const event of train({ model, args, train: data('train'), validation: data('eval'), ...choice })) {
      events.push(event)
      await onEvent?.(event)
      if (until?.(event)) break
    }
  } finally {
    await model.release()
  }
  const of = <T extends TrainingEvent['type']>(type: T) =>
    events.filter((event): event is Extract<TrainingEvent, { type: T }> => event.type === type)
  const { log_history } = of('start')[0].state
  const timeless = log_history.map((entry) =>
    Object.fromEntries(Object.entries(entry).filter(([name]) => !/_runtime$|_per_second$/.test(name))),
  )
  return { events, of, log_history, timeless, weights: Buffer.from(model.parameters.data.slice().buffer) }
}
