import { createHash } from 'node:crypto'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { folderLengths } from '../../inference/folder-lengths.ts'
import type { GivenLengths } from '../../inference/window-lengths.ts'
import { countTokens } from '../../squad/dataset.ts'
import { type Digest, digestStreams } from '../../squad/digests.ts'
import { cutWindows } from '../load/cut-windows.ts'
import { type DataOptions, dataChoice, loadExamples } from '../load/load-data.ts'
import { type HubChoice, modelFolder } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'

export interface InspectWindowsOptions extends GivenLengths, DataOptions {
  readonly model: string
  readonly max_samples?: number
  readonly screen: Screen
  readonly hub?: HubChoice
}

export type WindowCounts = { readonly questions: number; readonly windows: number; readonly tokens: number } & {
  readonly [D in `${Digest}_sha256`]: string
}

/** Counts the windows of a file, and computes digests to compare the windows with those of another program. */
export async function inspectWindows(file: string, options: InspectWindowsOptions): Promise<WindowCounts> {
  const { model, max_samples, hub } = options
  const folder = await modelFolder(model, { ...hub, weights: false })
  const tokenizer = await loadTokenizer(folder)
  const lengths = await folderLengths(folder, tokenizer, options)
  if (lengths.note) options.screen.print(lengths.note)
  const examples = await loadExamples(file, { ...dataChoice(options, { split: 'train', hub }), max_samples })
  const { windows } = await cutWindows(tokenizer, examples, { ...lengths, screen: options.screen, label: 'Tokenizing' })
  const streams = digestStreams(windows, windows)
  return {
    questions: examples.length,
    windows: windows.length,
    tokens: countTokens(windows),
    input_ids_sha256: sha256(streams.input_ids),
    token_type_ids_sha256: sha256(streams.token_type_ids),
    offsets_utf16_sha256: sha256(streams.offsets_utf16),
    labels_sha256: sha256(streams.labels),
  }
}

function sha256(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}
