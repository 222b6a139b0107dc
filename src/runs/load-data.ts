import { readFile, stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { cannotRead } from '../checkpoint/binary-file.ts'
import type { HubOptions } from '../hub/index.ts'
import { type Dataset, labelled } from '../squad/dataset.ts'
import { parseSquad } from '../squad/squad-json.ts'
import type { Example, LabelledWindow } from '../squad/types.ts'
import { WindowCutter, type WindowOptions } from '../squad/windows.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { Screen } from './screen.ts'

export interface DataChoice {
  /** Of a data set that comes in several parts. */
  readonly split: 'train' | 'validation'
  /** The first so many questions; all of them where null. */
  readonly max_samples?: number | null
  readonly hub?: HubOptions
}

/** Questions of a SQuAD or Parquet file, or of a data set: a folder of Parquet files or a name on the hub. */
export async function readExamples(source: string, { split, max_samples, hub }: DataChoice): Promise<Example[]> {
  const most = max_samples ?? Number.POSITIVE_INFINITY
  const found = await stat(source).catch(() => undefined)
  if (found?.isFile() && source.endsWith('.parquet')) {
    const { readParquet } = await import('../hub/index.ts')
    const examples: Example[] = []
    for await (const example of readParquet([source])) if (examples.push(example) >= most) break
    return examples
  }
  if (found?.isFile() || /\.\w+$/.test(source)) {
    const text = await readFile(source, 'utf8').catch((error) => Promise.reject(cannotRead(source, error)))
    return parseSquad(text, source).slice(0, most)
  }
  const { loadDataset } = await import('../hub/index.ts')
  return loadDataset(source, { ...hub, split, max_samples: most })
}

export interface CuttingOptions extends WindowOptions {
  /** What the progress is called. */
  readonly label: string
  readonly screen: Screen
  readonly signal?: AbortSignal
}

/** Cuts examples into labelled windows, with progress; lets the process see to other things now and then. */
export async function cutWindows(
  tokenizer: BertTokenizer,
  examples: readonly Example[],
  { label, screen, signal, max_seq_length, doc_stride }: CuttingOptions,
): Promise<Dataset> {
  const cutter = new WindowCutter(tokenizer, { max_seq_length, doc_stride })
  const windows: LabelledWindow[] = []
  const progress = screen.counting(label, 'examples', examples.length)
  try {
    for (const [index, example] of examples.entries()) {
      for (const window of cutter.cut(example, index)) windows.push(labelled(window, example))
      if (index % 64 !== 63) continue
      progress.update(index + 1)
      await setImmediate()
      signal?.throwIfAborted()
    }
    progress.update(examples.length)
  } finally {
    progress.stop()
  }
  return { examples, windows }
}
