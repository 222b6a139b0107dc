import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countTokens } from '../../src/squad/dataset.ts'
import { parseArguments } from '../../src/training/arguments/arguments.ts'
import { train } from '../../src/training/loop/loop.ts'
import { readDataset, spread } from './data.ts'
import type { ScalingPoint } from './document.ts'
import { peakResidentBytes } from './memory.ts'
import { benchmarkModel } from './models.ts'

/**
 * Runs the real training loop on part of the data in a separate process, so that the memory is that of this run.
 * Started by ../scaling.ts with its settings as a JSON argument; prints a JSON document.
 */
export interface ScalingSettings {
  readonly train_file: string
  readonly folder: string
  /** One of `MODELS`. */
  readonly model: string
  /** Percentage of the file's questions, selected evenly. */
  readonly share: number
  readonly batch_size: number
  readonly max_tokens_per_pass: number
  /** Number of steps to time; with `epochs`, the whole run is timed. */
  readonly steps: number
  readonly epochs?: number
}

const { train_file, folder, share, batch_size, max_tokens_per_pass, steps, epochs, ...settings }: ScalingSettings =
  JSON.parse(process.argv[2])
const whole = await readDataset(train_file, folder, Number.POSITIVE_INFINITY)
const data = spread(whole, share / 100)
const model = await benchmarkModel(settings.model, folder)
const output_dir = join(tmpdir(), `spanforge-scaling-${process.pid}`)
const args = parseArguments(
  {
    ...{ output_dir, max_seq_length: 384, doc_stride: 128, learning_rate: 3e-5, weight_decay: 0.01 },
    ...{ per_device_train_batch_size: batch_size, per_device_eval_batch_size: batch_size, max_tokens_per_pass },
    // The first step includes preparations and is not timed.
    ...(epochs === undefined ? { max_steps: steps + 1 } : { num_train_epochs: epochs }),
    ...{ save_strategy: 'no', logging_strategy: 'epoch', eval_strategy: epochs === undefined ? 'no' : 'epoch' },
  },
  'benchmark',
)

let [tokens, seconds] = [0, 0]
const resident: number[] = []
let since = performance.now()
for await (const event of train({ model, args, train: data, validation: spread(data, 0.25) })) {
  if (event.type === 'step' && event.global_step > 1) {
    tokens += event.tokens
    seconds += (performance.now() - since) / 1000
  }
  if (event.type === 'evaluate') resident.push(process.memoryUsage.rss())
  since = performance.now()
}
await model.release()
rmSync(output_dir, { recursive: true, force: true })

const point: ScalingPoint = {
  model: settings.model,
  ...{ share, batch_size, max_tokens_per_pass },
  data_windows: data.windows.length,
  data_tokens: countTokens(data.windows),
  ...{ tokens, seconds },
  peak_resident_bytes: peakResidentBytes(),
  resident_bytes_by_epoch: resident,
}
console.log(JSON.stringify(point))
