import { isUtf8 } from 'node:buffer'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import { writeFileAtomic } from '../files/atomic.ts'
import { BinaryFile, cannotRead } from '../files/binary-file.ts'
import { rejectImpostorOfText } from '../files/impostor.ts'
import { readJsonFile, readTextFile } from '../files/text-file.ts'
import {
  fastTokenizerFile,
  isFastTokenizerFile,
  SENTENCE_PIECE_FILES,
  type Tokenizer,
  type TokenizerFiles,
  tokenizerFromFiles,
  toSpecialTokensMap,
  toTokenizerConfig,
  toTokenizerJson,
  toVocabularyFiles,
} from '../text/index.ts'

/** The files next to a vocabulary. If they do not name the class of a tokenizer, config.json does. */
const SETTINGS_FILES = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'] as const
/** The vocabulary of a BPE tokenizer, which tokenizer.json also contains. */
const MERGES_FILES = ['vocab.json', 'merges.txt'] as const

const TOKENIZER_FILES = [
  ...SETTINGS_FILES,
  ...MERGES_FILES,
  ...SENTENCE_PIECE_FILES,
  'tokenizer.json',
  'vocab.txt',
] as const

/** Whether `loadTokenizer` may read a file with this name. Does not include config.json. */
export const isTokenizerFile = (name: string): boolean =>
  isFastTokenizerFile(name) || TOKENIZER_FILES.some((file) => file === name)

/**
 * Loads the tokenizer of a model folder: from tokenizer.json, or the versioned form of it that transformers uses;
 * without these, from the files of a slow tokenizer and the settings next to them.
 * @throws SpanforgeError naming the folder if files are missing, corrupted, or of an unsupported tokenizer
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const present = await readdir(folder).catch((error) => Promise.reject(cannotRead(folder, error)))
  const files: Record<string, unknown> = {}
  const read = async (name: string, file = name): Promise<void> => {
    if (!present.includes(file)) return
    const path = join(folder, file)
    files[name] = file.endsWith('.json') ? await readJsonFile(path) : await readUtf8File(path)
  }
  for (const name of [...SETTINGS_FILES, 'config.json']) await read(name)
  await read(
    'tokenizer.json',
    inFolder(folder, () => fastTokenizerFile(files['tokenizer_config.json'])),
  )
  await read('vocab.txt')
  if (files['tokenizer.json'] === undefined) {
    for (const name of MERGES_FILES) await read(name)
    files.sentencePiece = await readSentencePieceFiles(folder, present)
  }
  return inFolder(folder, () => tokenizerFromFiles(files, present))
}

async function readSentencePieceFiles(
  folder: string,
  present: readonly string[],
): Promise<TokenizerFiles['sentencePiece']> {
  const files: Record<string, Uint8Array> = {}
  for (const name of SENTENCE_PIECE_FILES)
    if (present.includes(name)) files[name] = await readModelFile(join(folder, name))
  return files
}

async function readModelFile(path: string): Promise<Uint8Array> {
  const file = await BinaryFile.open(path)
  try {
    if (file.size <= MAX_VOCABULARY_BYTES) return await file.read(0, file.size, 'the vocabulary')
  } finally {
    await file.close()
  }
  throw new SpanforgeError(`${path}: is larger than the ${MAX_VOCABULARY_BYTES} bytes that a vocabulary can have`, {
    remedy: 'Download the file again.',
  })
}

/** A vocabulary of half a million tokens has 5 MB. */
const MAX_VOCABULARY_BYTES = 64 * 2 ** 20

/**
 * Reads a text file unchanged. Rejects web pages, which would otherwise parse as a vocabulary, and invalid UTF-8, which
 * would change tokens.
 */
async function readUtf8File(path: string): Promise<string> {
  const text = await readTextFile(path, MAX_VOCABULARY_BYTES)
  rejectImpostorOfText(path, text)
  if (!text.includes('\ufffd') || isUtf8(await readFile(path))) return text
  throw new SpanforgeError(`${path}: found bytes that are not UTF-8`, { remedy: 'Save the file as UTF-8.' })
}

/** Returns the files that save_pretrained of a tokenizer writes, by name. */
export function tokenizerFiles(tokenizer: Tokenizer): Record<string, string> {
  return {
    ...toVocabularyFiles(tokenizer),
    'special_tokens_map.json': pretty(toSpecialTokensMap(tokenizer)),
    'tokenizer_config.json': pretty(toTokenizerConfig(tokenizer)),
    'tokenizer.json': pretty(toTokenizerJson(tokenizer)),
  }
}

/** Writes `tokenizerFiles` into a folder, creating it if necessary. */
export async function saveTokenizer(tokenizer: Tokenizer, folder: string): Promise<void> {
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
