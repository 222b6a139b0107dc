import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tokenizer } from '../src/text/index.ts'
import {
  callPair,
  canAnswer,
  type RecordedPair,
  type RecordedText,
  type RecordedWindow,
  readPair,
  readText,
} from './tokenizer-record.ts'

/**
 * A small tokenizer folder and the results of transformers for it, recorded by `scripts/python/tokenizer_folders.py`.
 */
export interface TokenizerCase {
  readonly name: string
  readonly files: Record<string, unknown>
  /** Why Python cannot load the folder in any way. */
  readonly error?: string
  readonly length: number
  readonly vocab_size: number
  readonly model_max_length: number | null
  readonly special_tokens: Record<string, string>
  readonly strings: RecordedText[]
  readonly pairs: RecordedPair[]
}

export function writeCase({ files }: TokenizerCase, folder: string): string {
  mkdirSync(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    writeFileSync(join(folder, name), name.endsWith('.model') ? Buffer.from(text, 'base64') : text)
  }
  return folder
}

/** The recorded result and that of spanforge, for comparison. */
export function compareCase(tokenizer: Tokenizer, expected: TokenizerCase): { expected: unknown; found: unknown } {
  const { length, vocab_size, model_max_length, special_tokens, strings, pairs } = expected
  const { settings } = tokenizer
  const known = Object.entries(special_tokens).filter(([name]) => name in settings.special_tokens)
  const named = Object.entries(settings.special_tokens).filter(([, token]) => token !== undefined)
  const limit = Number.isFinite(tokenizer.model_max_length) ? tokenizer.model_max_length : null
  return {
    expected: {
      facts: { length, vocab_size, model_max_length, special_tokens: Object.fromEntries(known) },
      strings: strings.map((text) => (text.error === undefined ? text : { text: text.text, error: true })),
      pairs: pairs.map(({ question, windows, error }) => ({ question, windows, error: error !== undefined })),
    },
    found: {
      facts: {
        length: tokenizer.length,
        vocab_size: tokenizer.vocab_size,
        model_max_length: limit,
        special_tokens: Object.fromEntries(named),
      },
      strings: strings.map((text) => attempt(() => readText(tokenizer, text)) ?? { text: text.text, error: true }),
      pairs: pairs.map((pair) => {
        const windows = attempt(() => windowsOf(tokenizer, pair))
        return { question: pair.question, windows, error: windows === undefined }
      }),
    },
  }
}

const WINDOWS = { max_seq_length: 24, doc_stride: 4 }

/**
 * The windows that a model is trained on. Returns the rows of a call instead if there are no windows, or if they differ
 * because their first token includes a space.
 */
function windowsOf(tokenizer: Tokenizer, pair: RecordedPair): RecordedWindow[] {
  const stripped = { ...pair, question: pair.question.trimStart() }
  if (canAnswer(tokenizer) && !tokenizer.postProcessor.trim_offsets?.add_prefix_space)
    return readPair(tokenizer, pair, WINDOWS)
  return callPair(tokenizer, stripped, WINDOWS).map(({ sequence_ids, ...window }) => window)
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
