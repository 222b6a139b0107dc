import { cutIntoPasses } from '../batching/passes.ts'
import { type Padding, toRows } from '../batching/rows.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { WindowLogits } from '../squad/document-logits.ts'
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
  model: QuestionAnsweringModel,
  windows: readonly Window[],
  options: ForwardOptions = {},
): Promise<WindowLogits[]> {
  const logits: WindowLogits[] = new Array(windows.length)
  await eachPass(model, windows, options, async (rows, indices) => {
    const result = await model.forward(rows)
    for (const [i, index] of indices.entries()) logits[index] = result.logits[i]
  })
  return logits
}

/** Like `windowLogits`, but also computes the mean loss over all windows. */
export async function windowLosses(
  model: QuestionAnsweringModel,
  windows: readonly LabelledWindow[],
  options: ForwardOptions = {},
): Promise<{ logits: WindowLogits[]; loss: number }> {
  const logits: WindowLogits[] = new Array(windows.length)
  let total = 0
  await eachPass(model, windows, options, async (rows, indices) => {
    const result = await model.forward(
      rows,
      indices.map((index) => windows[index]),
    )
    total += result.loss! * rows.length
    for (const [i, index] of indices.entries()) logits[index] = result.logits[i]
  })
  return { logits, loss: total / windows.length }
}

async function eachPass(
  model: QuestionAnsweringModel,
  windows: readonly Window[],
  options: ForwardOptions,
  visit: (rows: ReturnType<typeof toRows>, indices: number[]) => Promise<void>,
): Promise<void> {
  const { padding = 'none', max_seq_length = 384, batch_size = 8, max_tokens_per_pass = 1024, onProgress } = options
  const pad_token_id = model.geometry.padding_row ?? 0
  const group = padding === 'none' ? windows.length : batch_size
  let done = 0
  for (let start = 0; start < windows.length; start += group) {
    const rows = toRows(windows.slice(start, start + group), { padding, max_seq_length, pad_token_id })
    const lengths = rows.map(({ input_ids }) => input_ids.length)
    for (const pass of cutIntoPasses(lengths, max_tokens_per_pass)) {
      await visit(
        pass.map((i) => rows[i]),
        pass.map((i) => start + i),
      )
      done += pass.length
      onProgress?.(done)
    }
  }
}
