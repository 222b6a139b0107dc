import type { SpanModel } from '../models/span-model.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Window } from '../squad/types.ts'
import { type ForwardOptions, windowLogits } from './logits.ts'

/**
 * Number of windows computed together. Large enough to group windows of similar length, small enough to fit into
 * memory.
 */
const CHUNK = 512

/**
 * Computes the logits of the windows of each item, in order. Items are read on demand, so at most one item and CHUNK
 * windows are in memory at a time. `onProgress` counts windows over all items.
 */
export async function* streamLogits<T extends { readonly windows: readonly Window[] }>(
  model: SpanModel,
  items: Iterable<T> | AsyncIterable<T>,
  options: ForwardOptions = {},
): AsyncGenerator<T & { readonly logits: readonly WindowLogits[] }> {
  let done = 0
  let pending: T[] = []
  let count = 0
  async function* flush() {
    const windows = pending.flatMap((item) => item.windows)
    const logits: WindowLogits[] = []
    for (let start = 0; start < windows.length; start += CHUNK) {
      const chunk = windows.slice(start, start + CHUNK)
      const onProgress = (n: number) => options.onProgress?.(done + n)
      for (const row of await windowLogits(model, chunk, { ...options, onProgress })) logits.push(row)
      done += chunk.length
    }
    let start = 0
    for (const item of pending) {
      yield { ...item, logits: logits.slice(start, start + item.windows.length) }
      start += item.windows.length
    }
    pending = []
    count = 0
  }
  for await (const item of items) {
    pending.push(item)
    count += item.windows.length
    if (count >= CHUNK) yield* flush()
  }
  yield* flush()
}
