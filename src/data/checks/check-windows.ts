import { SpanforgeError } from '../../errors.ts'
import { labelWindow } from '../../squad/labels.ts'
import type { Example } from '../../squad/types.ts'
import { WindowCutter, type WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { type Lengths, lengthsOf } from './lengths.ts'

export interface WindowCheck {
  readonly windows: number
  /** Total number of tokens, including special tokens but not padding. */
  readonly tokens: number
  /** Lengths of the windows in tokens. */
  readonly lengths: Lengths
  /** Answerable questions whose first answer is in no window, so that they would be trained as unanswerable. */
  readonly unheld: readonly number[]
  /** Questions that are too long to leave room for their context, with the reason. */
  readonly tooLong: ReadonlyMap<number, string>
}

/** Cuts all examples into windows and checks whether these contain the answers. */
export async function checkWindows(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  options: WindowOptions,
  onProgress?: (done: number) => void | Promise<void>,
): Promise<WindowCheck> {
  const cutter = new WindowCutter(tokenizer, options)
  const lengths: number[] = []
  const unheld: number[] = []
  const tooLong = new Map<number, string>()
  for (const [index, example] of examples.entries()) {
    try {
      const windows = cutter.cut(example, index)
      for (const { input_ids } of windows) lengths.push(input_ids.length)
      const isHeld = windows.some((window) => labelWindow(window, example.answers[0]).start_position > 0)
      if (example.answers.length && !isHeld) unheld.push(index)
    } catch (error) {
      if (!(error instanceof SpanforgeError)) throw error
      tooLong.set(index, error.message)
    }
    if (index % 64 === 63) await onProgress?.(index + 1)
  }
  await onProgress?.(examples.length)
  const all = lengthsOf(lengths)
  return { windows: lengths.length, tokens: all.total, lengths: all, unheld, tooLong }
}
