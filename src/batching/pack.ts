import type { Bindings } from '../graph/shape.ts'
import { float32Value, int32Value, type Multiples, type Values } from '../runtime/engine.ts'

/** The input of the model for one window: its tokens, including any padding. */
export interface Row {
  readonly input_ids: Int32Array
  readonly token_type_ids: Int32Array
  /** Only the first `attended` tokens are attended to; the others are padding. */
  readonly attended: number
  /** The output of the frozen layers for these tokens, [tokens, hidden_size], for a graph that starts after them. */
  readonly hidden?: Float32Array
}

/** Rows as graph inputs, together with the sizes of the named dimensions. */
export interface Packed {
  readonly dims: Bindings & { readonly tokens: number; readonly rows: number; readonly length: number }
  readonly inputs: Values
}

/**
 * Added to masked logits before a softmax. Small enough for their probability to be 0, but far enough from the smallest
 * float32 that sums remain finite.
 */
export const UNSEEN = -1e30

/** Added to the logits of places without a token, whose probability is 0 even if all tokens are masked. */
const ABSENT = 2 * UNSEEN

const UNPADDED: Multiples = { tokens: 1, length: 1 }

/** The part of a model's geometry that determines its inputs. */
export interface PackOptions {
  readonly heads: number
  /** The padding id, if positions count only other tokens, starting at the row after the padding row. */
  readonly position_padding?: number
}

/**
 * Packs rows without gaps. If rows differ in length, all unused places in `[rows, length]` point to an extra token at
 * the end. It, and each further token that `multiples` requires, points back to the first unused place. The extra tokens
 * never affect the result, so their gradient is exactly zero, as `permuteRows` requires for places that its inverse does
 * not contain.
 */
export function pack(rows: readonly Row[], { heads, position_padding }: PackOptions, multiples = UNPADDED): Packed {
  const real = rows.reduce((n, row) => n + row.input_ids.length, 0)
  const length = paddedLength(rows, real, multiples)
  const tokens = roundUp(real + (real < rows.length * length ? 1 : 0), multiples.tokens)

  const input_ids = new Int32Array(tokens)
  const token_type_ids = new Int32Array(tokens)
  const position_ids = new Int32Array(tokens)
  const attended = new Float32Array(tokens)
  const attention_bias = new Float32Array(rows.length * length).fill(ABSENT)
  const span_bias = new Float32Array(rows.length * length).fill(UNSEEN)
  const tokenAt = new Int32Array(rows.length * length).fill(real) // by place
  const placeOf = new Int32Array(tokens) // by token
  let token = 0
  for (const [r, row] of rows.entries()) {
    input_ids.set(row.input_ids, token)
    token_type_ids.set(row.token_type_ids, token)
    attended.fill(1, token, token + row.attended)
    position_ids.set(positions(row.input_ids, position_padding), token)
    attention_bias.fill(UNSEEN, r * length, r * length + row.input_ids.length)
    attention_bias.fill(0, r * length, r * length + row.attended)
    span_bias.fill(0, r * length, r * length + row.input_ids.length)
    for (let i = 0; i < row.input_ids.length; i++, token++) {
      tokenAt[r * length + i] = token
      placeOf[token] = r * length + i
    }
  }
  placeOf.fill(tokenAt.indexOf(real), real)

  const dims = { tokens, rows: rows.length, length }
  return {
    dims,
    inputs: {
      input_ids: int32Value(input_ids, [tokens]),
      token_type_ids: int32Value(token_type_ids, [tokens]),
      position_ids: int32Value(position_ids, [tokens]),
      attended: float32Value(attended, [tokens, 1]),
      place_ids: int32Value(
        Int32Array.from({ length }, (_, place) => place),
        [length],
      ),
      attention_bias: float32Value(attention_bias, [rows.length, 1, 1, length]),
      span_bias: float32Value(span_bias, [rows.length, 1, length]),
      ...packedHidden(rows, tokens),
      ...layout('heads', heads, dims, tokenAt, placeOf),
      ...layout('spans', 2, dims, tokenAt, placeOf),
    },
  }
}

const roundUp = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple

/** Returns the length of the places, which leaves at least one place unused if extra tokens are needed. */
function paddedLength(rows: readonly Row[], real: number, { tokens, length: multiple }: Multiples): number {
  const length = roundUp(Math.max(...rows.map((row) => row.input_ids.length)), multiple)
  const isFull = real === rows.length * length
  return isFull && real % tokens !== 0 ? length + multiple : length
}

/** Returns the row of each token in the position embeddings. */
function positions(input_ids: Int32Array, padding: number | undefined): Int32Array {
  if (padding === undefined) return input_ids.map((_, i) => i)
  let last = padding
  return input_ids.map((id) => (id === padding ? padding : ++last))
}

/** Concatenates the hidden states of the rows. The extra token is filled with zeros. */
function packedHidden(rows: readonly Row[], tokens: number): Values {
  const first = rows[0]
  if (!first.hidden) return {}
  const width = first.hidden.length / first.input_ids.length
  const data = new Float32Array(tokens * width)
  let end = 0
  for (const { hidden } of rows) {
    data.set(hidden!, end)
    end += hidden!.length
  }
  return { hidden: float32Value(data, [tokens, width]) }
}

/**
 * Creates the two indices of a Layout (see self-attention.ts), which map `[rows, parts, length]` to rows of `[tokens,
 * parts]` and vice versa.
 */
function layout(
  name: string,
  parts: number,
  { tokens, rows, length }: Packed['dims'],
  tokenAt: Int32Array,
  placeOf: Int32Array,
): Values {
  const places = new Int32Array(rows * parts * length)
  for (let r = 0, i = 0; r < rows; r++)
    for (let part = 0; part < parts; part++)
      for (let j = 0; j < length; j++) places[i++] = tokenAt[r * length + j] * parts + part
  const inverse = new Int32Array(tokens * parts)
  for (let token = 0, i = 0; token < tokens; token++) {
    const place = placeOf[token]
    const row = Math.floor(place / length)
    for (let part = 0; part < parts; part++) inverse[i++] = (row * parts + part) * length + (place - row * length)
  }
  return {
    [`${name}.places`]: int32Value(places, [rows, parts, length]),
    [`${name}.tokens`]: int32Value(inverse, [tokens, parts]),
  }
}
