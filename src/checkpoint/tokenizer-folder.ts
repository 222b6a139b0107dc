import { isUtf8 } from 'node:buffer'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import { writeFileAtomic } from '../files/atomic.ts'
import { cannotRead } from '../files/binary-file.ts'
import { refuseImpostorOfText } from '../files/impostor.ts'
import { readJsonFile } from '../files/json-file.ts'
import { readTextFile } from '../files/text-file.ts'
import {
  type BertTokenizer,
  fastTokenizerFile,
  fitsLines,
  isFastTokenizerFile,
  type TokenizerFiles,
  tokenizerFromFiles,
  toSpecialTokensMap,
  toTokenizerConfig,
  toTokenizerJson,
  toVocabText,
} from '../text/index.ts'

/** The files that define a tokenizer. config.json may also name the tokenizer's class, if these files do not. */
const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.txt',
  'special_tokens_map.json',
  'added_tokens.json',
] as const satisfies (keyof TokenizerFiles)[]

/** Whether `loadTokenizer` may read a file with this name. Does not include config.json. */
export const isTokenizerFile = (name: string): boolean =>
  isFastTokenizerFile(name) || TOKENIZER_FILES.some((file) => file === name)

/**
 * Loads the tokenizer of a model folder from tokenizer.json (or the versioned variant that transformers would choose)
 * if it exists, otherwise from vocab.txt, together with the settings files next to it.
 * @throws SpanforgeError, naming the folder, if files are missing or invalid, or belong to another type of tokenizer
 */
export async function loadTokenizer(folder: string): Promise<BertTokenizer> {
  const present = await readdir(folder).catch((error) => Promise.reject(cannotRead(folder, error)))
  const files: Record<string, unknown> = {}
  for (const name of [...TOKENIZER_FILES, 'config.json']) {
    if (!present.includes(name)) continue
    const path = join(folder, name)
    files[name] = name.endsWith('.json') ? await readJsonFile(path) : await readUtf8File(path)
  }
  const fast = inFolder(folder, () => fastTokenizerFile(files['tokenizer_config.json']))
  if (fast !== 'tokenizer.json')
    files['tokenizer.json'] = present.includes(fast) ? await readJsonFile(join(folder, fast)) : undefined
  return inFolder(folder, () => tokenizerFromFiles(files, present))
}

/** A vocabulary of half a million tokens has 5 MB. */
const MAX_VOCABULARY_BYTES = 64 * 2 ** 20

/**
 * Reads a text file unchanged. Rejects web pages, which would otherwise parse as a vocabulary, and invalid UTF-8, which
 * would change tokens.
 */
async function readUtf8File(path: string): Promise<string> {
  const text = await readTextFile(path, MAX_VOCABULARY_BYTES)
  refuseImpostorOfText(path, text)
  if (!text.includes('\ufffd') || isUtf8(await readFile(path))) return text
  throw new SpanforgeError(`${path}: found bytes that are not UTF-8`, { remedy: 'Save the file as UTF-8.' })
}

/** Returns the contents of the files that a tokenizer's save_pretrained writes, by file name. */
export function tokenizerFiles(tokenizer: BertTokenizer): Record<string, string> {
  const { vocab } = tokenizer.settings
  return {
    ...(fitsLines(vocab) && { 'vocab.txt': toVocabText(vocab) }),
    'special_tokens_map.json': pretty(toSpecialTokensMap(tokenizer)),
    'tokenizer_config.json': pretty(toTokenizerConfig(tokenizer)),
    'tokenizer.json': pretty(toTokenizerJson(tokenizer)),
  }
}

/** Writes `tokenizerFiles` into a folder, creating it if necessary. */
export async function saveTokenizer(tokenizer: BertTokenizer, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(tokenizerFiles(tokenizer))) await writeFileAtomic(join(folder, name), text)
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Prefixes errors of the text module, which name at most the file, with the folder. */
function inFolder<T>(folder: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    throw new SpanforgeError(`${folder}: ${error.summary}`, { ...error.options, cause: error })
  }
}
