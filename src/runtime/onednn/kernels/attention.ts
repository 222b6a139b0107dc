/**
 * Attention of each window by itself, on packed rows [tokens, hidden]. Products read and write the heads of a window
 * within its rows, as [1, heads, length, size]: oneDNN has fast code for these strides only with four axes. The length is
 * rounded up to a multiple of 16, so that few shapes occur. The rows behind a window are those of the next one: as keys
 * they are masked; as results they are overwritten when the next window, which follows in memory, is computed.
 */
import { BYTES, type ElementType, reshaped, transposed, View } from '../memory.ts'
import type { PostOp } from '../primitives.ts'
import type { Kernel, KernelTable, Use } from './kernel.ts'
import { softmaxGradient } from './softmax.ts'

export const LENGTH_MULTIPLE = 16

/**
 * For products over heads of fewer than 64 numbers, oneDNN uses AMX only up to 256 keys. Padding such heads to 64 numbers
 * halves the time.
 */
const [WIDE_HEAD, MAX_KEYS_OF_NARROW_HEADS] = [64, 256]

interface Window {
  readonly row: number
  /** Index of its first token. */
  readonly start: number
  readonly length: number
  /** The padded length, which is computed. */
  readonly padded: number
  /** Its heads within rows at address 0, by their type. */
  readonly heads: Partial<Record<ElementType, View>>
}

interface Layout {
  readonly heads: number
  /** Size of a head. */
  readonly size: number
  readonly tokens: number
  readonly windows: readonly Window[]
}

/** Layouts by array of places, which all layers of a run share. */
const layouts = new WeakMap<View, Layout>()

function layoutOf(use: Use, q: View, places: View): Layout {
  const known = layouts.get(places)
  if (known) return known
  const layout = readLayout(use, q, places)
  layouts.set(places, layout)
  return layout
}

/** Reads the windows from the places of their tokens, [rows, heads, length]: token * heads + head. */
function readLayout(use: Use, q: View, places: View): Layout {
  const heads = use.attributes.heads as number
  const [tokens, hidden] = q.dims
  const [rows, , longest] = places.dims
  const index = use.integers(places)
  const windows = Array.from({ length: rows }, (_, row) => {
    const at = (j: number) => index[row * heads * longest + j] / heads
    const start = at(0)
    let length = 1
    while (length < longest && at(length) === start + length) length++
    const padded = Math.min(longest, Math.ceil(length / LENGTH_MULTIPLE) * LENGTH_MULTIPLE)
    return { row, start, length, padded, heads: {} }
  })
  return { heads, size: hidden / heads, tokens, windows }
}

/** Returns the heads of a window, [1, heads, length, size], within rows [tokens, hidden]. */
function headsOf({ type, address }: View, { heads, size }: Layout, window: Window): View {
  const { start, padded } = window
  const width = heads * size
  const strides = [padded * width, size, width, 1]
  window.heads[type] ??= new View(type, [1, heads, padded, size], strides, start * width * BYTES[type])
  const within = window.heads[type]
  return within.at(address + within.address)
}

/**
 * Returns a function that returns the heads of a window within rows x, as a factor of a product over the size of heads. If
 * oneDNN would not use AMX for that product, returns a copy whose heads are padded with zeros.
 */
function factorHeads(use: Use, layout: Layout, x: View): (window: Window) => View {
  const { heads, size, windows } = layout
  const isNarrow = use.dnn.hasAmx && x.type === 'bf16' && size < WIDE_HEAD
  const width = heads * WIDE_HEAD
  let room: View | undefined
  return (window) => {
    const { padded } = window
    const own = headsOf(x, layout, window)
    if (!isNarrow || padded <= MAX_KEYS_OF_NARROW_HEADS) return own
    if (!room) {
      const longest = Math.max(...windows.map((w) => w.padded))
      room = use.temporary(x.type, [longest, width])
      use.zero(room, 0, longest * width)
    }
    const strides = [padded * width, WIDE_HEAD, width, 1]
    use.dnn.reorder(own, reshaped(room, own.dims, strides), 'heads')
    return reshaped(room, [1, heads, padded, WIDE_HEAD], strides)
  }
}

/** Returns the part of an array [rows, ..., length] or [rows, ..., length, length] that belongs to a window. */
function partOf(x: View, { row, padded }: Window): View {
  const [, heads, queries, keys] = x.dims
  const dims = [1, heads, queries === 1 ? 1 : padded, padded]
  return reshaped(x, dims, [heads * queries * keys, queries * keys, keys, 1], row * heads * queries * keys)
}

/** Like `partOf`, but copies the part unless it is dense, because oneDNN is slow at strided operands. */
function densePartOf(use: Use, mask: View, window: Window): View {
  const part = partOf(mask, window)
  if (window.padded === mask.dims[3]) return part
  const copy = use.temporary(mask.type, part.dims)
  use.dnn.reorder(part, copy, 'mask')
  return copy
}

function attend(use: Use): void {
  const { dnn, inputs, outputs } = use
  const [q, k, v, places, , bias, mask] = inputs
  const layout = layoutOf(use, q, places)
  const scale = { op: 'scale', by: 1 / Math.sqrt(layout.size) } as const
  const isSaved = use.saved !== undefined
  const room = (dims: readonly number[]) => (isSaved ? use.keep(use.factors, dims) : use.temporary(use.factors, dims))
  const probabilities: View[] = []
  const afterDropout: View[] = []
  for (const x of [q, k, v]) zeroAfterLast(use, x, layout)
  const [queries, keys] = [q, k].map((x) => factorHeads(use, layout, x))
  for (const window of layout.windows) {
    const dims = [1, layout.heads, window.padded, window.padded]
    const heads = (x: View) => headsOf(x, layout, window)
    const p = room(dims)
    const scores = use.temporary('f32', dims)
    const isRow = bias.dims[2] === 1
    const added: readonly PostOp[] = isRow ? [{ op: 'add', with: partOf(bias, window) }] : []
    dnn.matmul(queries(window), transposed(keys(window)), scores, { post: [scale, ...added], name: 'q k' })
    // As part of the product, oneDNN would compute a bias that differs between queries with slow reference code.
    if (!isRow) dnn.binary('add', scores, densePartOf(use, bias, window), scores)
    dnn.softmax(scores, p)
    if (isSaved) zeroBehind(use, p, window)
    const kept = mask ? room(dims) : p
    if (mask) dnn.binary('mul', p, densePartOf(use, mask, window), kept, use.attributes.scale as number)
    dnn.matmul(kept, heads(v), heads(outputs[0]), { name: 'p v' })
    probabilities.push(p)
    if (mask) afterDropout.push(kept)
  }
  zeroAfterLast(use, outputs[0], layout)
  if (isSaved) use.save([...probabilities, ...afterDropout])
}

/**
 * dv = (P M)ᵀ do,  dP = M (do vᵀ),  dS = softmax'(dP),  dq = dS k / √size,  dk = dSᵀ q / √size  with M the dropout mask.
 * P and P M were saved. Their rows behind the window are zero, which makes those of dS zero as well.
 */
function attendBackward(use: Use): void {
  const { dnn, inputs, outputs } = use
  const [dOut, q, k, v, places, , , mask] = inputs
  const [dq, dk, dv] = outputs
  const layout = layoutOf(use, q, places)
  const scale = { op: 'scale', by: 1 / Math.sqrt(layout.size) } as const
  const saved = use.restore()
  for (const x of [dOut, q, k, v]) zeroAfterLast(use, x, layout)
  const [gradients, values] = [dOut, v].map((x) => factorHeads(use, layout, x))
  for (const [i, window] of layout.windows.entries()) {
    const p = saved[i]
    const kept = mask ? saved[layout.windows.length + i] : p
    const heads = (x: View) => headsOf(x, layout, window)
    const part = mask && densePartOf(use, mask, window)
    dnn.matmul(transposed(kept), heads(dOut), heads(dv), { name: 'd v' })
    const dp = use.temporary(p.type, p.dims)
    const drop: readonly PostOp[] = part
      ? [
          { op: 'scale', by: use.attributes.scale as number },
          { op: 'mul', with: part },
        ]
      : []
    dnn.matmul(gradients(window), transposed(values(window)), dp, { post: drop, name: 'd p' })
    softmaxGradient(use, dp, p, dp)
    dnn.matmul(dp, heads(k), heads(dq), { post: [scale], name: 'd q' })
    dnn.matmul(transposed(dp), heads(q), heads(dk), { post: [scale], name: 'd k' })
  }
  for (const x of outputs) zeroAfterLast(use, x, layout)
}

/**
 * Runs a kernel on rows in the type of factors, with the extra rows at the end that arrays of callers do not have.
 * Queries and keys whose product is exact are not rounded.
 */
const withRoom =
  (kernel: Kernel): Kernel =>
  (use) => {
    const isRows = (x: View) => x.dims.length === 2 && x.type !== 's32'
    const wanted = (i: number): ElementType => (use.isExact && i < 2 ? 'f32' : use.factors)
    const roomy = (x: View, type: ElementType) => {
      const [tokens, hidden] = x.dims
      return reshaped(use.temporary(type, [tokens + LENGTH_MULTIPLE, hidden]), x.dims)
    }
    const isReady = (x: View, i: number) => !isRows(x) || (x.type === wanted(i) && !use.isForeign(x))
    const inputs = use.inputs.map((x, i) => (isReady(x, i) ? x : roomy(x, wanted(i))))
    const outputs = use.outputs.map((x) => (use.isForeign(x) ? roomy(x, x.type) : x))
    for (const [i, x] of use.inputs.entries()) if (inputs[i] !== x) use.dnn.reorder(x, inputs[i])
    kernel({ ...use, inputs, outputs })
    for (const [i, x] of use.outputs.entries()) if (outputs[i] !== x) use.dnn.reorder(outputs[i], x)
  }

/** Sets the rows of a window's probabilities that belong to no token of it to zero. */
function zeroBehind(use: Use, p: View, { length, padded }: Window): void {
  for (let head = 0; head < p.dims[1]; head++)
    use.zero(p, (head * padded + length) * padded, (padded - length) * padded)
}

/** Sets the rows after the last window to zero: as many as a padded window may cover. */
function zeroAfterLast(use: Use, x: View, { windows, tokens, heads, size }: Layout): void {
  const { start, length } = windows.at(-1)!
  const end = start + length
  use.zero(x, end * heads * size, (tokens - end + LENGTH_MULTIPLE) * heads * size)
}

export const attentionKernels: KernelTable = {
  'spanforge.PackedAttention': withRoom(attend),
  'spanforge.PackedAttentionGradient': withRoom(attendBackward),
}
