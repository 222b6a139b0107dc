import { inLanes } from '../batching/in-lanes.ts'
import { cutIntoLanes } from '../batching/passes.ts'
import { type Padding, toRows } from '../batching/rows.ts'
import type { SpanModel } from '../models/span-model.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { LabelledWindow, Window } from '../squad/types.ts'

export interface ForwardOptions {
  readonly padding?: Padding
  /** Target length of padding `max_length`. */
  readonly max_seq_length?: number
  /** Number of windows that `longest` pads together. Without padding, it does not affect the result. */
  readonly batch_size?: number
  /** Maximum number of tokens computed at once, which limits memory usage. */
  readonly max_tokens_per_pass?: number
  /** Called with the number of completed windows. */
  readonly onProgress?: (done: number) => void
}

/** Computes the logits of all windows, in order. Without padding, windows are sorted by length across batches. */
export async function windowLogits(
  model: SpanModel,
  windows: readonly Window[],
  options: ForwardOptions = {},
): Promise<WindowLogits[]> {
  const logits: WindowLogits[] = new Array(windows.length)
  await eachPass(model, windows, options, async (rows, indices, lane) => {
    const result = await model.forward(rows, undefined, lane)
    for (const [i, index] of indices.entries()) logits[index] = result.logits[i]
  })
  return logits
}

/** Like `windowLogits`, but also computes the mean loss over all windows. */
export async function windowLosses(
  model: SpanModel,
  windows: readonly LabelledWindow[],
  options: ForwardOptions = {},
): Promise<{ logits: WindowLogits[]; loss: number }> {
  const logits: WindowLogits[] = new Array(windows.length)
  const losses = await eachPass(model, windows, options, async (rows, indices, lane) => {
    const spans = indices.map((index) => windows[index])
    const result = await model.forward(rows, spans, lane)
    for (const [i, index] of indices.entries()) logits[index] = result.logits[i]
    return result.loss! * rows.length
  })
  return { logits, loss: losses.reduce((sum, loss) => sum + loss, 0) / windows.length }
}

/** Returns what `visit` returned for each pass, in order. */
async function eachPass<T>(
  model: SpanModel,
  windows: readonly Window[],
  options: ForwardOptions,
  visit: (rows: ReturnType<typeof toRows>, indices: number[], lane?: number) => Promise<T>,
): Promise<T[]> {
  const { padding = 'none', max_seq_length = 384, batch_size = 8, max_tokens_per_pass = 1024, onProgress } = options
  const pad_token_id = model.geometry.padding_row ?? 0
  const group = padding === 'none' ? windows.length : batch_size
  const { lanes = 1 } = model
  const results: T[] = []
  let done = 0
  for (let start = 0; start < windows.length; start += group) {
    const rows = toRows(windows.slice(start, start + group), { padding, max_seq_length, pad_token_id })
    const lengths = rows.map(({ input_ids }) => input_ids.length)
    const compute = async (pass: readonly number[], _: number, lane?: number) => {
      const indices = pass.map((i) => start + i)
      const result = await visit(
        pass.map((i) => rows[i]),
        indices,
        lane,
      )
      done += pass.length
      onProgress?.(done)
      return result
    }
    results.push(...(await inLanes(cutIntoLanes(lengths, max_tokens_per_pass, lanes), compute)))
  }
  return results
}
