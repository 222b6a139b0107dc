/** A worker thread that cuts examples into labelled windows: started by cut-in-threads.ts, which sends it `CutTask`s. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { SpanforgeError } from '../errors.ts'
import { labelled } from '../squad/dataset.ts'
import type { Example, LabelledWindow } from '../squad/types.ts'
import { WindowCutter, type WindowOptions } from '../squad/windows.ts'
import type { TokenizerSettings } from '../text/settings.ts'
import { BertTokenizer } from '../text/tokenizer.ts'

export interface CutWorkerData {
  readonly settings: TokenizerSettings
  readonly options: WindowOptions
}

/** Some examples, the first of which is number `first` of all; the answer goes to `reply`. */
export interface CutTask {
  readonly first: number
  readonly examples: readonly Example[]
  readonly reply: MessagePort
}

/** Errors lose their class between threads: this is what makes a SpanforgeError again. */
export type CutReply =
  | { readonly windows: LabelledWindow[] }
  | { readonly error: { readonly message: string; readonly exitCode: number } }

const { settings, options } = workerData as CutWorkerData
const cutter = new WindowCutter(new BertTokenizer(settings), options)

parentPort!.on('message', ({ first, examples, reply }: CutTask) => {
  try {
    const windows = examples.flatMap((example, i) =>
      cutter.cut(example, first + i).map((window) => labelled(window, example)),
    )
    const buffers = windows.flatMap(({ input_ids, offsets }) => [input_ids.buffer, offsets.buffer] as ArrayBuffer[])
    reply.postMessage({ windows } satisfies CutReply, buffers)
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    reply.postMessage({ error: { message: error.message, exitCode: error.exitCode } } satisfies CutReply)
  }
})
