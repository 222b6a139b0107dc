import { appendFileSync, mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import {
  concat,
  doubleField,
  type Encoded,
  floatField,
  integerField,
  messageField,
  textField,
  toBytes,
} from '../protobuf.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'
import { crc32c } from './crc32c.ts'

/**
 * A file of events that TensorBoard reads: TFRecords of Event messages (tensorflow/core/util/event.proto,
 * tensorflow/core/framework/summary.proto), each a number under a tag at a step.
 */
export interface EventFile {
  readonly path: string
  /** Appends a log entry, at once: a run that is killed loses none. */
  log(entry: LogEntry): void
}

/**
 * Begins a new event file in `folder`, which is made if it is missing. TensorBoard shows all files of a folder as one
 * run, so that a resumed run begins a file of its own.
 * @throws SpanforgeError if the folder or the file cannot be written.
 */
export function createEventFile(folder: string, now: () => number = () => Date.now() / 1000): EventFile {
  const name = `events.out.tfevents.${Math.floor(now())}.${hostname()}.${process.pid}`
  const path = join(folder, name)
  const append = (event: Encoded) => {
    try {
      appendFileSync(path, record(toBytes(event)))
    } catch (cause) {
      throw new SpanforgeError(`TensorBoard log: cannot write ${path}: ${(cause as Error).message}`, {
        remedy: 'Free space or choose another logging_dir; or train without `--report_to tensorboard`.',
        cause,
      })
    }
  }
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new SpanforgeError(`TensorBoard log: cannot make the folder ${folder}: ${(cause as Error).message}`, {
      cause,
    })
  }
  append(versionEvent(now()))
  return { path, log: (entry) => append(scalarEvent(now(), entry.step, scalars(entry))) }
}

/** Names and values of a log entry, tagged as transformers does: `eval_loss` is 'eval/loss', `loss` 'train/loss'. */
export function scalars(entry: LogEntry): [tag: string, value: number][] {
  return Object.entries(entry)
    .filter((pair): pair is [string, number] => pair[0] !== 'step' && typeof pair[1] === 'number')
    .map(([name, value]) => [name.startsWith('eval_') ? `eval/${name.slice(5)}` : `train/${name}`, value])
}

/** A TFRecord: length and data, each followed by its masked CRC-32C. */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true)
  bytes.set(data, 12)
  view.setUint32(12 + data.length, masked(crc32c(data)), true)
  return bytes
}

/** TFRecords rotate and shift a checksum, so that one computed over data that holds checksums stays sound. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0

const versionEvent = (time: number): Encoded => concat([doubleField(1, time), textField(3, 'brain.Event:2')])

const scalarEvent = (time: number, step: number, values: [string, number][]): Encoded =>
  concat([
    doubleField(1, time),
    integerField(2, step),
    messageField(5, ...values.map(([tag, value]) => messageField(1, textField(1, tag), floatField(2, value)))),
  ])
