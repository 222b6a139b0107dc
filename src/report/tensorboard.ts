import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import {
  concatFields,
  doubleField,
  type Encoded,
  floatField,
  integerField,
  messageField,
  textField,
  toBytes,
} from '../protobuf.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'

/**
 * An event file for TensorBoard: TFRecords of Event messages (tensorflow/core/util/event.proto,
 * tensorflow/core/framework/summary.proto), each with scalars at a step.
 */
export interface EventFile {
  readonly path: string
  /** Appends a log entry synchronously, so that a killed run loses none. */
  log(entry: LogEntry): void
}

/**
 * Creates a new event file in `folder`, and the folder if it is missing. TensorBoard shows all files in a folder as one
 * run, so a resumed run starts a new file. Its name has a random part instead of the host name and process id,
 * which would become public if the folder is uploaded to a hub.
 * @throws SpanforgeError if the folder or the file cannot be written
 */
export function openEventFile(folder: string, now: () => number = () => Date.now() / 1000): EventFile {
  const name = `events.out.tfevents.${Math.floor(now())}.spanforge.${randomBytes(4).toString('hex')}`
  const path = join(folder, name)
  const append = (event: Encoded) => {
    try {
      appendFileSync(path, record(toBytes(event)))
    } catch (cause) {
      throw new SpanforgeError(`TensorBoard log: cannot write ${path}: ${(cause as Error).message}`, {
        remedy: 'Free some disk space, choose another --logging_dir, or train without --report_to tensorboard.',
        cause,
      })
    }
  }
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new SpanforgeError(`TensorBoard log: cannot create the folder ${folder}: ${(cause as Error).message}`, {
      cause,
    })
  }
  append(versionEvent(now()))
  return { path, log: (entry) => append(scalarEvent(now(), entry.step, scalars(entry))) }
}

/** The scalars of a log entry with the tags of transformers: `eval_loss` becomes 'eval/loss', `loss` 'train/loss'. */
export function scalars(entry: LogEntry): [tag: string, value: number][] {
  return Object.entries(entry)
    .filter((pair): pair is [string, number] => pair[0] !== 'step' && typeof pair[1] === 'number')
    .map(([name, value]) => [name.startsWith('eval_') ? `eval/${name.slice(5)}` : `train/${name}`, value])
}

/** Encodes a TFRecord: length and data, each followed by its masked CRC-32C. */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true)
  bytes.set(data, 12)
  view.setUint32(12 + data.length, masked(crc32c(data)), true)
  return bytes
}

/** Masks a checksum as TFRecord requires. Plain CRCs would be weak for data that itself contains CRCs. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0

const versionEvent = (time: number): Encoded => concatFields([doubleField(1, time), textField(3, 'brain.Event:2')])

const scalarEvent = (time: number, step: number, values: [string, number][]): Encoded =>
  concatFields([
    doubleField(1, time),
    integerField(2, step),
    messageField(5, ...values.map(([tag, value]) => messageField(1, textField(1, tag), floatField(2, value)))),
  ])

/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as an unsigned number; RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1
  return byte
})
