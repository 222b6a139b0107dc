import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { shared } from './shared.ts'
import { temporaryFolder } from './temporary-folder.ts'
import type { RecordedPair, RecordedText, RecordedWindow } from './tokenizer-record.ts'

/** Real model folders from the hub, with the results of their tokenizers in transformers. See the README there. */
export const zooFolders = (): string[] =>
  readdirSync(shared('zoo'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

interface ZooPair extends RecordedPair {
  readonly windows: (RecordedWindow & { readonly sequence_ids: (number | null)[] })[]
}

export interface ZooRecord {
  /** Why Python cannot load the folder. */
  readonly error?: string
  readonly loaded_by: string
  readonly class: string
  readonly length: number
  readonly vocab_size: number
  readonly model_max_length: number | null
  readonly special_tokens: Record<string, string | null>
  readonly special_ids: Record<string, number | null>
  readonly strings: RecordedText[]
  readonly pairs: ZooPair[]
}

export const zooRecord = (name: string): ZooRecord =>
  JSON.parse(gunzipSync(readFileSync(shared(`zoo/${name}/expected.json.gz`))).toString('utf8')) as ZooRecord

/** An unpacked copy of a folder as on the hub, without the recorded results. */
export function unpackZoo(name: string): string {
  const folder = temporaryFolder()
  for (const file of readdirSync(shared(`zoo/${name}`))) {
    if (/^(expected\.json\.gz|SOURCE)$/.test(file)) continue
    const bytes = readFileSync(shared(`zoo/${name}/${file}`))
    const isPacked = file.endsWith('.gz')
    writeFileSync(join(folder, isPacked ? file.slice(0, -3) : file), isPacked ? gunzipSync(bytes) : bytes)
  }
  return folder
}
