import type { Row } from '../batching/pack.ts'
import { cutIntoLanes, inLanes, type Share } from '../batching/passes.ts'
import { type Padding, toRows } from '../batching/rows.ts'
import type { SpanModel } from '../models/span-model.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Label, LabeledWindow, Window } from '../squad/types.ts'
import { type PassResult, passLine, passOf } from './pass-lines.ts'

export interface ForwardOptions {
  readonly padding?: Padding
  /** Target length of padding `max_length`. */
  readonly max_seq_length?: number
  /** Number of windows that `longest` pads together. Without padding, it does not affect the result. */
  readonly batch_size?: number
  /** Maximum number of tokens computed at once, which limits memory usage. */
  readonly max_tokens_per_pass?: number
  /** Computes only the passes of one of several processes, and exchanges their results. */
  readonly share?: SharedPasses
  /** Called with the number of completed windows. */
  readonly onProgress?: (done: number) => void
}

/** The processes that compute passes together. All must make the same calls. */
export interface SharedPasses extends Share {
  /** Returns what each process sent. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>
}

/** Computes the logits of all windows, in order. Without padding, windows are sorted by length across batches. */
export async function windowLogits(
  model: SpanModel,
  windows: readonly Window[],
  options: ForwardOptions = {},
): Promise<WindowLogits[]> {
  const passes = await computeAll(model, passGroups(model, windows, options), options)
  return collectPasses(passes, windows.length).logits
}

/** Like `windowLogits`, but also computes the mean loss over all windows. */
export async function windowLosses(
  model: SpanModel,
  windows: readonly LabeledWindow[],
  options: ForwardOptions = {},
): Promise<{ logits: WindowLogits[]; loss: number }> {
  const passes = await computeAll(model, passGroups(model, windows, options, windows), options)
  return collectPasses(passes, windows.length)
}

/** Joins the results of all passes, and averages the loss. */
export function collectPasses(
  passes: readonly PassResult[],
  windows: number,
): { readonly logits: WindowLogits[]; readonly loss: number } {
  const logits: WindowLogits[] = new Array(windows)
  for (const pass of passes) for (const [i, index] of pass.windows.entries()) logits[index] = pass.logits[i]
  return { logits, loss: passes.reduce((sum, { loss }) => sum + loss, 0) / windows }
}

interface PlannedPass {
  readonly number: number
  readonly windows: readonly number[]
  readonly rows: readonly Row[]
  readonly spans?: readonly Label[]
}

/** Passes whose windows are padded together, by lane. */
export type PassGroup = readonly (readonly PlannedPass[])[]

/** Divides windows into passes. */
export function passGroups(
  { geometry, lanes = 1 }: SpanModel,
  windows: readonly Window[],
  { padding = 'none', max_seq_length = 384, batch_size = 8, max_tokens_per_pass = 1024 }: ForwardOptions,
  labels?: readonly Label[],
): PassGroup[] {
  const pad_token_id = geometry.padding_row ?? 0
  const size = padding === 'none' ? windows.length : batch_size
  const groups: PassGroup[] = []
  let number = 0
  for (let start = 0; start < windows.length; start += size) {
    const rows = toRows(windows.slice(start, start + size), { padding, max_seq_length, pad_token_id })
    const lengths = rows.map(({ input_ids }) => input_ids.length)
    const planned = (pass: readonly number[]): PlannedPass => ({
      number: number++,
      windows: pass.map((i) => start + i),
      rows: pass.map((i) => rows[i]),
      ...(labels && { spans: pass.map((i) => labels[start + i]) }),
    })
    groups.push(cutIntoLanes(lengths, max_tokens_per_pass, lanes).map((passes) => passes.map(planned)))
  }
  return groups
}

async function computeAll(
  model: SpanModel,
  groups: readonly PassGroup[],
  { onProgress, share }: ForwardOptions,
): Promise<PassResult[]> {
  const results: PassResult[] = []
  const total = groups.flat(2).reduce((sum, { windows }) => sum + windows.length, 0)
  let done = 0
  const onWindows = (count: number) => {
    // The other processes are about as fast.
    done = Math.min(total, done + count * (share?.size ?? 1))
    onProgress?.(done)
  }
  const isOwn = ({ number }: PlannedPass) => !share || number % share.size === share.rank
  for (const group of groups) {
    const own = group.map((passes) => passes.filter(isOwn))
    results.push(...(await computePasses(model, own, onWindows)))
  }
  return share ? exchange(results, share) : results
}

async function exchange(own: readonly PassResult[], share: SharedPasses): Promise<PassResult[]> {
  const sent = await share.gather(Buffer.from(own.map(passLine).join('')))
  const lines = sent.flatMap((bytes) => Buffer.from(bytes).toString().split('\n').filter(Boolean))
  return lines.map((line) => passOf(JSON.parse(line))).sort((a, b) => a.number - b.number)
}

/** While a lane of several computes a pass, the next one is prepared. */
const PASSES_AHEAD = 2

/** Computes passes, and returns their results in order. `onWindows` receives the number of windows of each pass. */
export function computePasses(
  model: SpanModel,
  lanes: PassGroup,
  onWindows?: (count: number) => void,
): Promise<PassResult[]> {
  const compute = async ({ number, windows, rows, spans }: PlannedPass, _: number, lane?: number) => {
    const { logits, loss = 0 } = await model.forward(rows, spans, lane)
    onWindows?.(windows.length)
    return { number, windows, logits, loss: loss * rows.length }
  }
  return inLanes(lanes, compute, lanes.length > 1 ? PASSES_AHEAD : 1)
}
