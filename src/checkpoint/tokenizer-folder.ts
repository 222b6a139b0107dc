import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import {
  type BertTokenizer,
  tokenizerFromJson,
  tokenizerFromVocab,
  toSpecialTokensMap,
  toTokenizerConfig,
  toTokenizerJson,
  toVocabText,
} from '../text/index.ts'
import { writeFileAtomic } from './atomic.ts'
import { readJsonFile } from './json-file.ts'
import { readTextFile } from './text-file.ts'

/**
 * The tokenizer of a model folder: tokenizer.json where it is there, else vocab.txt; with tokenizer_config.json.
 * @throws SpanforgeError naming the folder, where the files are missing, broken, of another kind of tokenizer, or do
 * not belong together.
 */
export async function loadTokenizer(folder: string): Promise<BertTokenizer> {
  const [json, vocab, config] = ['tokenizer.json', 'vocab.txt', 'tokenizer_config.json'].map((name) =>
    join(folder, name),
  )
  const settings = (await exists(config)) ? await readJsonFile(config) : {}
  if (await exists(json)) {
    const tokenizer = await readJsonFile(json)
    return inFolder(folder, () => tokenizerFromJson(tokenizer, settings))
  }
  if (!(await exists(vocab)))
    throw new SpanforgeError(`${folder}: no tokenizer here: neither tokenizer.json nor vocab.txt`, {
      remedy: 'Copy the tokenizer files of the pretrained model into the folder.',
    })
  const text = await readTextFile(vocab)
  return inFolder(folder, () => tokenizerFromVocab(text, settings))
}

/** The files that save_pretrained of a tokenizer writes, by name. */
export const tokenizerFiles = (tokenizer: BertTokenizer): Record<string, string> => ({
  'vocab.txt': toVocabText(tokenizer.settings.vocab),
  'special_tokens_map.json': pretty(toSpecialTokensMap(tokenizer)),
  'tokenizer_config.json': pretty(toTokenizerConfig(tokenizer)),
  'tokenizer.json': pretty(toTokenizerJson(tokenizer)),
})

/** Writes `tokenizerFiles` into a folder, made if it is not there. */
export async function saveTokenizer(tokenizer: BertTokenizer, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(tokenizerFiles(tokenizer))) await writeFileAtomic(join(folder, name), text)
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Errors of the text room know the file at most; this says which folder. */
function inFolder<T>(folder: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    throw new SpanforgeError(`${folder}: ${error.message}`, { cause: error })
  }
}
