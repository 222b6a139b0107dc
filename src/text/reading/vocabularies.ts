/** Reads and writes vocabularies and merges as in tokenizer.json, vocab.json and merges.txt. */
import { SpanforgeError } from '../../errors.ts'
import { showText, showValue } from '../../show-value.ts'
import { type Fields, unexpected } from '../fields.ts'
import { MAX_VOCABULARY } from '../settings.ts'
import type { Tokenizer } from '../tokenizer.ts'

/** Reads the tokens of vocab.txt: one per line, including spaces. The id is the line number, starting at 0. */
export function readVocabText(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/, MAX_VOCABULARY + 2)
  if (lines[lines.length - 1] === '') lines.pop()
  if (lines.length > MAX_VOCABULARY)
    throw new SpanforgeError(
      `vocab.txt: found more than ${MAX_VOCABULARY.toLocaleString('en-US')} lines, expected one for each token`,
      { remedy: 'Download vocab.txt again.' },
    )
  return lines
}

/** Returns the contents of vocab.txt, with an empty line for each unused id. */
export const toVocabText = (vocab: readonly (string | null)[]): string =>
  vocab.map((token) => `${token ?? ''}\n`).join('')

/** Whether vocab.txt can represent these tokens, which must not contain line breaks. */
export const fitsLines = (vocab: readonly (string | null)[]): boolean =>
  vocab.every((token) => token === null || !/[\r\n]/.test(token))

/** Limits the size of the array, because ids may have gaps and the file may be corrupted. */
const MAX_ID = MAX_VOCABULARY - 1

/** Reads tokens by id from an object of ids by token. Unused ids, which transformers allows, become null. */
export function readVocabulary(fields: Fields): (string | null)[] {
  const tokens = fields.names
  const vocab: (string | null)[] = []
  for (const token of tokens) {
    const id = fields.raw(token)
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_ID || vocab[id as number] !== undefined)
      throw new SpanforgeError(
        `${fields.file}: token ${showValue(token, 60)} of ${tokens.length} has id ${showValue(id, 60)}; ` +
          `expected integers from 0 to ${MAX_ID}, each once`,
        {
          remedy:
            fields.file === 'tokenizer.json'
              ? 'Download tokenizer.json again, or delete it if vocab.txt is there too.'
              : `Download ${fields.file} again.`,
        },
      )
    vocab[id as number] = token
  }
  return Array.from(vocab, (token) => token ?? null)
}

/** Reads the tokens of a Unigram model with their log probabilities, by id. */
export function readScores(model: Fields): (readonly [string, number])[] {
  const list = model.list('vocab')
  if (list.length > MAX_VOCABULARY)
    throw unexpected(model.path('vocab'), list.length, `at most ${MAX_VOCABULARY} tokens`)
  return list.map((entry, id) => {
    if (isScored(entry)) return entry
    throw unexpected(`${model.path('vocab')}[${id}]`, entry, 'a token and its score')
  })
}

const isScored = (value: unknown): value is readonly [string, number] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'number'

/** Returns ids by token, as in tokenizer.json and vocab.json. */
export const toVocabulary = (vocab: readonly (string | null)[]): Record<string, number> =>
  Object.fromEntries([...vocab.entries()].flatMap(([id, token]) => (token === null ? [] : [[token, id]])))

/** Above the number in any published tokenizer. Several merges can produce the same token. */
const MAX_MERGES = 4 * MAX_VOCABULARY

export type Merges = readonly (readonly [string, string])[]

/** Reads the merges of tokenizer.json: pairs or, in older versions, two tokens separated by a space. */
export function mergesOf(model: Fields): Merges {
  const list = model.list('merges')
  if (list.length > MAX_MERGES) throw unexpected(model.path('merges'), list.length, `at most ${MAX_MERGES} pairs`)
  const pairs = list.filter((merge) => typeof merge !== 'string' || !merge.startsWith('#version'))
  return pairs.map((merge, i) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    if (isPair(pair)) return pair
    throw unexpected(`${model.path('merges')}[${i}]`, merge, 'two tokens')
  })
}

const isPair = (value: unknown): value is readonly [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((token) => typeof token === 'string')

/**
 * Reads the merges of merges.txt, one per line. As in transformers, the first line is the version, and text after the
 * last line break is ignored. The first of repeated merges counts.
 */
export function readMerges(text: string): Merges {
  const lines = text.split(/\r\n|\r|\n/, MAX_MERGES + 2)
  if (lines.length > MAX_MERGES)
    throw new SpanforgeError(`merges.txt has more than ${MAX_MERGES} lines; expected one for each merge`, {
      remedy: 'Download merges.txt again.',
    })
  const merges = new Map<string, readonly [string, string]>()
  for (const [i, line] of lines.slice(1, -1).entries()) {
    const pair = line.split(/\s+/).filter((token) => token !== '')
    if (!isPair(pair))
      throw new SpanforgeError(
        `merges.txt: line ${i + 2} is "${showText(line, 60)}"; expected two tokens with a space between`,
        { remedy: 'Download merges.txt again.' },
      )
    const key = pair.join(' ')
    if (!merges.has(key)) merges.set(key, pair)
  }
  return [...merges.values()]
}

/** Returns the contents of merges.txt as transformers writes it. */
export const toMergesText = (merges: Merges): string =>
  ['#version: 0.2', ...merges.map((pair) => pair.join(' '))].map((line) => `${line}\n`).join('')

/** Whether merges.txt can represent these merges, whose tokens must not contain whitespace. */
export const fitsMerges = (merges: Merges): boolean => merges.every((pair) => pair.every((token) => !/\s/.test(token)))

/**
 * Returns the vocabulary files that transformers writes in addition to tokenizer.json, by name. There are none if their
 * format cannot represent the whole vocabulary.
 */
export function toVocabularyFiles({ settings: { vocab, model } }: Tokenizer): Record<string, string> {
  if (model.type === 'BPE')
    return fitsMerges(model.merges)
      ? { 'vocab.json': `${JSON.stringify(toVocabulary(vocab))}\n`, 'merges.txt': toMergesText(model.merges) }
      : {}
  return model.type === 'WordPiece' && fitsLines(vocab) ? { 'vocab.txt': toVocabText(vocab) } : {}
}
