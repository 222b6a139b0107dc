/** The part of the protobuf wire format that ONNX needs. Each function returns one encoded field. */

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const key = (field: number, wireType: number) => unsigned(BigInt(field * 8 + wireType))

function unsigned(value: bigint): Uint8Array {
  const out: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Uint8Array.from(out)
}

export const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export const integer = (field: number, value: number) => join([key(field, VARINT), unsigned(BigInt(value))])

export const bytes = (field: number, body: Uint8Array) =>
  join([key(field, LENGTH_DELIMITED), unsigned(BigInt(body.length)), body])

export const message = (field: number, ...fields: readonly Uint8Array[]) => bytes(field, join(fields))

export const text = (field: number, value: string) => bytes(field, new TextEncoder().encode(value))

export const float = (field: number, value: number) =>
  join([key(field, FIXED32), new Uint8Array(Float32Array.of(value).buffer)])
