import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SpanforgeError } from '../errors.ts'
import { crc32c, openEventFile, record, scalars } from './tensorboard.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-tensorboard-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('CRC-32C', () => {
  test('gives the check values of RFC 3720, B.4', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
    expect(crc32c(new Uint8Array())).toBe(0)
  })
})

describe('event files', () => {
  test('contain the log_history as TFRecords of protocol buffers', () => {
    const file = openEventFile(join(folder, 'runs', 'first'), () => 1700000000.5)
    file.log({ epoch: 1, step: 193, loss: 1.1314, grad_norm: 12.5, learning_rate: 2e-5 })
    file.log({ epoch: 1, step: 193, eval_loss: 1.647568, eval_f1: Number.NaN })
    file.log({ epoch: 3, step: 20_000_000_000, loss: 0.4221 })

    const [version, ...events] = readRecords(readFileSync(file.path)).map(readEvent)
    expect(version).toEqual({ time: 1700000000.5, version: 'brain.Event:2', step: 0, values: {} })
    expect(events.map(({ step }) => step)).toEqual([193, 193, 20_000_000_000])
    expect(events[0].values).toEqual({
      'train/epoch': 1,
      'train/loss': Math.fround(1.1314),
      'train/grad_norm': 12.5,
      'train/learning_rate': Math.fround(2e-5),
    })
    expect(events[1].values).toEqual({ 'train/epoch': 1, 'eval/loss': Math.fround(1.647568), 'eval/f1': Number.NaN })
    expect(events[2].values['train/loss']).toBe(Math.fround(0.4221))
  })

  test('have names that TensorBoard finds', () => {
    expect(openEventFile(folder, () => 1700000000.5).path).toMatch(
      /\/events\.out\.tfevents\.1700000000\.spanforge\.[0-9a-f]{8}$/,
    )
  })

  test('use the tags of transformers, and skip values that are not numbers', () => {
    const entry = { epoch: 2, step: 4, eval_exact_match: 44.2, train_runtime: 9, loss: undefined }
    expect(scalars(entry)).toEqual([
      ['train/epoch', 2],
      ['eval/exact_match', 44.2],
      ['train/train_runtime', 9],
    ])
  })

  test('encode the length of a record longer than 127 bytes', () => {
    expect(readRecords(record(new Uint8Array(300).fill(7)))).toEqual([new Uint8Array(300).fill(7)])
  })

  test('fail clearly if the folder cannot be created', () => {
    writeFileSync(join(folder, 'taken'), '')
    expect(() => openEventFile(join(folder, 'taken', 'runs'))).toThrow(SpanforgeError)
    expect(() => openEventFile(join(folder, 'taken', 'runs'))).toThrow(/cannot create the folder .*taken/)
  })
})

/** Reads the records of a TFRecord file. Throws for a wrong checksum. */
function readRecords(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const check = (from: number, to: number) => {
    const unmasked = (view.getUint32(to, true) - 0xa282ead8) >>> 0
    const crc = ((unmasked >>> 17) | (unmasked << 15)) >>> 0
    if (crc !== crc32c(file.subarray(from, to))) throw new Error(`checksum of bytes ${from} to ${to}`)
  }
  const records: Uint8Array[] = []
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true))
    check(at, at + 8)
    check(at + 12, at + 12 + length)
    records.push(new Uint8Array(file.subarray(at + 12, at + 12 + length)))
    at += length + 16
  }
  return records
}

/** Decodes a message into its fields by number, for the types in event files: varints, doubles, floats, chunks. */
function readFields(bytes: Uint8Array): [field: number, value: number | Uint8Array][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: [number, number | Uint8Array][] = []
  let at = 0
  const varint = () => {
    let [value, scale] = [0, 1]
    for (; bytes[at] >= 128; at++, scale *= 128) value += (bytes[at] - 128) * scale
    return value + bytes[at++] * scale
  }
  while (at < bytes.length) {
    const key = varint()
    const [field, type] = [key >> 3, key & 7]
    const size = type === 0 ? 0 : type === 1 ? 8 : type === 5 ? 4 : varint()
    if (type === 0) fields.push([field, varint()])
    else if (type === 1) fields.push([field, view.getFloat64(at, true)])
    else if (type === 5) fields.push([field, view.getFloat32(at, true)])
    else fields.push([field, bytes.slice(at, at + size)])
    at += size
  }
  return fields
}

function readEvent(bytes: Uint8Array) {
  const utf8 = (value: unknown) => new TextDecoder().decode(value as Uint8Array)
  const event = { time: 0, step: 0, version: '', values: {} as Record<string, number> }
  for (const [field, value] of readFields(bytes)) {
    if (field === 1) event.time = value as number
    if (field === 2) event.step = value as number
    if (field === 3) event.version = utf8(value)
    if (field === 5)
      for (const [, entry] of readFields(value as Uint8Array)) {
        const [[, tag], [, number]] = readFields(entry as Uint8Array)
        event.values[utf8(tag)] = number as number
      }
  }
  return event
}
