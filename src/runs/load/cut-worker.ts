/** A worker thread that cuts examples into labeled windows, started by cut-windows.ts. */
import { workerData } from 'node:worker_threads'
import { labeled } from '../../squad/dataset.ts'
import type { Example } from '../../squad/types.ts'
import { WindowCutter, type WindowOptions } from '../../squad/windows.ts'
import type { TokenizerSettings } from '../../text/settings.ts'
import { Tokenizer } from '../../text/tokenizer.ts'
import { answerCalls, Handed } from '../../threads/calls.ts'

export interface CutWorkerData {
  readonly settings: TokenizerSettings
  readonly options: WindowOptions
}

const { settings, options } = workerData as CutWorkerData
const cutter = new WindowCutter(new Tokenizer(settings), options)

answerCalls({
  /** Cuts a chunk of the examples; `first` is the index of its first example. */
  cut(first: number, examples: readonly Example[]) {
    const windows = examples.flatMap((example, i) =>
      cutter.cut(example, first + i).map((window) => labeled(window, example)),
    )
    const buffers = windows.flatMap(({ input_ids, offsets }) => [input_ids.buffer, offsets.buffer] as ArrayBuffer[])
    return new Handed(windows, buffers)
  },
})
