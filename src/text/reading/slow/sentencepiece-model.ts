/** Reads the parts of SentencePiece's `.model` files (ModelProto) that a tokenizer requires. */
import { SpanforgeError } from '../../../errors.ts'

/** A piece of the vocabulary. Its index in the list is its id. */
export interface SentencePiece {
  readonly piece: string
  readonly score: number
  readonly type: number
}

/** Types of pieces that are matched literally in the text: control pieces and user-defined pieces. */
export const CONTROL = 3
export const USER_DEFINED = 4

export interface SentencePieceModel {
  readonly pieces: readonly SentencePiece[]
  readonly algorithm: 'Unigram' | 'BPE' | 'words' | 'characters'
  readonly unk_id: number
  /** The piece for unknown characters. */
  readonly unk_piece: string
  /** The compiled character map, or an empty array without one. */
  readonly charsMap: Uint8Array
}

/** @throws SpanforgeError if the bytes are not a SentencePiece model; `file` is its name for the message */
export function readSentencePiece(bytes: Uint8Array, file: string): SentencePieceModel {
  try {
    const fields = fieldsOf(bytes)
    const trainer = fieldsOf(bytesOf(last(fields, 2)))
    const normalizer = fieldsOf(bytesOf(last(fields, 3)))
    const pieces = (fields.get(1) ?? []).map((value) => readPiece(bytesOf(value)))
    if (pieces.length === 0) throw new RangeError('no pieces')
    return {
      pieces,
      algorithm: ALGORITHMS[numberOf(last(trainer, 3), 1)] ?? 'words',
      unk_id: numberOf(last(trainer, 40), 0),
      unk_piece: trainer.has(45) ? utf8.decode(bytesOf(last(trainer, 45))) : '<unk>',
      charsMap: bytesOf(last(normalizer, 2)),
    }
  } catch (cause) {
    throw new SpanforgeError(`${file} is not a SentencePiece model: ${(cause as Error).message}`, {
      remedy: 'Download the file again.',
      cause,
    })
  }
}

const ALGORITHMS: Readonly<Record<number, SentencePieceModel['algorithm']>> = {
  1: 'Unigram',
  2: 'BPE',
  3: 'words',
  4: 'characters',
}

function readPiece(bytes: Uint8Array): SentencePiece {
  const fields = fieldsOf(bytes)
  const score = bytesOf(last(fields, 2))
  return {
    piece: utf8.decode(bytesOf(last(fields, 1))),
    score: score.length === 4 ? new DataView(score.buffer, score.byteOffset).getFloat32(0, true) : 0,
    type: numberOf(last(fields, 3), 1),
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

type FieldValue = number | Uint8Array
type Message = ReadonlyMap<number, readonly FieldValue[]>

const NOTHING = new Uint8Array(0)

const last = (fields: Message, field: number): FieldValue | undefined => fields.get(field)?.at(-1)
const bytesOf = (value: FieldValue | undefined): Uint8Array => (value instanceof Uint8Array ? value : NOTHING)
const numberOf = (value: FieldValue | undefined, missing: number): number =>
  typeof value === 'number' ? value : missing

/** Reads the fields of a message: numbers for varints, bytes for all others. */
function fieldsOf(bytes: Uint8Array): Message {
  const fields = new Map<number, FieldValue[]>()
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) break
      const byte = bytes[at++]
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    throw new RangeError('a number is truncated')
  }
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError('a field is truncated')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = varint()
    const [field, wireType] = [Math.floor(tag / 8), tag % 8]
    const read = READERS[wireType]
    if (!read || field === 0) throw new RangeError(`found a field of an unknown type, ${wireType}`)
    const value = read({ varint, take })
    const known = fields.get(field)
    if (known) known.push(value)
    else fields.set(field, [value])
  }
  return fields
}

interface ProtoCursor {
  varint(): number
  take(length: number): Uint8Array
}

const READERS: Readonly<Record<number, (source: ProtoCursor) => FieldValue>> = {
  0: ({ varint }) => varint(),
  1: ({ take }) => take(8),
  2: ({ varint, take }) => take(varint()),
  5: ({ take }) => take(4),
}
