import type { Tokenizer } from '../text/tokenizer.ts'
import { labelWindow } from './labels.ts'
import type { Example, LabeledWindow, Window } from './types.ts'
import { createWindows, type WindowOptions } from './windows.ts'

/** Questions and their labeled windows. */
export interface Dataset {
  readonly examples: readonly Example[]
  readonly windows: readonly LabeledWindow[]
}

/** Cuts examples into windows labeled with their first answer. `onProgress` receives the number of examples done. */
export function createDataset(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  options: WindowOptions,
  onProgress?: (done: number) => void,
): Dataset {
  const windows = createWindows(tokenizer, examples, options, onProgress)
  return { examples, windows: windows.map((window) => labeled(window, examples[window.example])) }
}

/** A window of the example with the label of its first answer. */
export const labeled = (window: Window, { answers }: Example): LabeledWindow => ({
  ...window,
  ...labelWindow(window, answers[0]),
})

/** Tokens of all windows, special tokens included. */
export const countTokens = (windows: readonly { readonly input_ids: Int32Array }[]): number =>
  windows.reduce((n, { input_ids }) => n + input_ids.length, 0)

/** @deprecated Use `createDataset`; this name will be removed in version 0.3. */
export const makeDataset = createDataset
