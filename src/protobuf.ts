/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding), as required for ONNX models and
 * TensorBoard events.
 *
 * An encoded field references its parts instead of copying them, so messages can contain hundreds of megabytes at any
 * depth: `toBytes` copies each byte once, `chunks` copies none.
 */
export interface Encoded {
  /** Length in bytes. */
  readonly size: number
  readonly parts: readonly (Uint8Array | Encoded)[]
}

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

export const integerField = (field: number, value: number | bigint): Encoded =>
  leaf([...tag(field, VARINT), ...varint(BigInt(value))])

/** Encodes bytes without copying them. They must not change before the message is written. */
export const bytesField = (field: number, body: Uint8Array): Encoded => concatFields([header(field, body.length), body])

export const textField = (field: number, value: string): Encoded => bytesField(field, new TextEncoder().encode(value))

export const floatField = (field: number, value: number): Encoded =>
  concatFields([Uint8Array.from(tag(field, FIXED32)), new Uint8Array(Float32Array.of(value).buffer)])

export const doubleField = (field: number, value: number): Encoded =>
  concatFields([Uint8Array.from(tag(field, FIXED64)), new Uint8Array(Float64Array.of(value).buffer)])

/** Encodes a message as a field of another message. */
export function messageField(field: number, ...fields: readonly Encoded[]): Encoded {
  const body = concatFields(fields)
  return concatFields([header(field, body.size), body])
}

/** Concatenates fields, for example to a complete message. */
export const concatFields = (parts: readonly (Uint8Array | Encoded)[]): Encoded => ({
  size: parts.reduce((total, part) => total + sizeOf(part), 0),
  parts,
})

/** Smaller parts are merged into chunks of at least this many bytes. */
const MERGED = 1024

/** Yields the encoded bytes in chunks that can be written to a file. Only small parts are copied. */
export function* chunks(encoded: Encoded): Generator<Uint8Array> {
  let small: Uint8Array[] = []
  let size = 0
  for (const part of leaves(encoded)) {
    if (part.length < MERGED) {
      small.push(part)
      size += part.length
    }
    if (size >= MERGED || (size > 0 && part.length >= MERGED)) {
      yield joined(small, size)
      small = []
      size = 0
    }
    if (part.length >= MERGED) yield part
  }
  if (size > 0) yield joined(small, size)
}

function* leaves({ parts }: Encoded): Generator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Uint8Array) yield part
    else yield* leaves(part)
  }
}

export const toBytes = (encoded: Encoded): Uint8Array => joined(leaves(encoded), encoded.size)

function joined(parts: Iterable<Uint8Array>, size: number): Uint8Array {
  const out = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const sizeOf = (part: Uint8Array | Encoded): number => (part instanceof Uint8Array ? part.length : part.size)

const leaf = (data: readonly number[]): Encoded => ({ size: data.length, parts: [Uint8Array.from(data)] })

const header = (field: number, length: number): Uint8Array =>
  Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(BigInt(length))])

const tag = (field: number, wireType: number): number[] => varint(BigInt(field * 8 + wireType))

/** Encodes seven bits per byte, lowest first. Negative numbers are written as 64 bits. */
function varint(value: bigint): number[] {
  const out: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return [...out, Number(rest)]
}
