/** Compares `tokenizer.call` with `tokenizer(...)` of transformers, recorded by scripts/python/tokenizer_calls.py. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { type CallOptions, Tokenizer } from '../src/text/index.ts'
import { fixtureJson } from './fixture.ts'
import { describeShared, shared } from './shared.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thoroughOr } from './thorough.ts'
import { tinyFolder } from './tiny-squad.ts'
import { type TokenizerCase, writeCase } from './tokenizer-cases.ts'

interface RecordedCall {
  readonly folder: string
  readonly truncation_side: 'left' | 'right'
  readonly text: string | string[]
  readonly text_pair: string | string[] | null
  readonly options: CallOptions
  readonly result?: Record<string, unknown>
  readonly error?: string
}

const calls = fixtureJson<RecordedCall[]>('tokenizer-folders/calls.json')
const cases = fixtureJson<TokenizerCase[]>('tokenizer-folders/cases.json')
const folders = new Map<string, Tokenizer>()

async function tokenizerOf({ folder, truncation_side }: RecordedCall): Promise<Tokenizer> {
  const known = folders.get(folder)
  const tokenizer =
    known ?? (await loadTokenizer(writeCase(cases.find(({ name }) => name === folder)!, temporaryFolder())))
  folders.set(folder, tokenizer)
  return new Tokenizer({ ...tokenizer.settings, truncation_side })
}

/** The result in the recorded format, with `sequence_ids` and `word_ids` of every row. */
function resultOf(
  tokenizer: Tokenizer,
  { text, text_pair, options }: Pick<RecordedCall, 'text' | 'text_pair' | 'options'>,
): Record<string, unknown> {
  const encoding = tokenizer.call(text, text_pair, options)
  const isOneRow = typeof text === 'string' && !options.return_overflowing_tokens
  const rows = isOneRow ? [0] : encoding.input_ids.map((_, row) => row)
  return {
    ...encoding,
    sequence_ids: rows.map((row) => encoding.sequence_ids(row)),
    word_ids: rows.map((row) => encoding.word_ids(row)),
  }
}

describe('tokenizer.call', () => {
  it('has recorded results and errors', () => {
    expect(calls.filter(({ error }) => error === undefined).length).toBeGreaterThan(150)
    expect(calls.filter(({ error }) => error !== undefined).length).toBeGreaterThan(20)
  })

  for (const name of new Set(calls.map(({ folder }) => folder)))
    it(`returns the same result or error as transformers: ${name}`, async () => {
      for (const call of calls.filter(({ folder }) => folder === name)) {
        const tokenizer = await tokenizerOf(call)
        if (call.error === undefined) expect(resultOf(tokenizer, call), JSON.stringify(call)).toEqual(call.result)
        else expect(() => resultOf(tokenizer, call), JSON.stringify(call)).toThrow()
      }
    })
})

describe('tokenizer.call rejects invalid arguments', async () => {
  const tokenizer = await loadTokenizer(tinyFolder)
  const call = tokenizer.call.bind(tokenizer) as (...given: unknown[]) => unknown

  it.each([
    [['a', undefined, { trunction: true }], /unknown option trunction; did you mean truncation\?/],
    [['a', undefined, { return_tensors: 'pt' }], /unknown option return_tensors/],
    [['a', undefined, { truncation: 'first' }], /truncation is "first"; expected one of true, false, longest_first/],
    [['a', undefined, { padding: 'max' }], /padding is "max"; expected one of/],
    [
      ['a', undefined, { padding_side: 'middle', padding: true }],
      /padding_side is "middle"; expected one of left, right/,
    ],
    [['a', undefined, { max_length: -1 }], /max_length is -1; expected an integer/],
    [['a', undefined, { max_length: 1, truncation: true }], /max_length is 1; expected at least 2/],
    [['a', undefined, { pad_to_multiple_of: 0 }], /pad_to_multiple_of is 0; expected an integer of at least 1/],
    [['a', undefined, { stride: Number.NaN }], /stride is NaN/],
    [[undefined], /text: found undefined, expected a text or a list of texts/],
    [[['a', 3]], /text: found 3, expected/],
    [['a', 7], /text_pair: found 7, expected/],
    [['a', ['b']], /found a text and a list/],
    [[['a'], ['b', 'c']], /text_pair has 2 texts, expected 1/],
    [['a b c', undefined, { truncation: 'only_second', max_length: 4 }], /there is only one text/],
  ])('%j', (given, message) => {
    expect(() => call(...given)).toThrow(message)
  })

  it('returns no rows for no texts, and plain arrays', () => {
    expect({ ...tokenizer.call([]) }).toEqual({ input_ids: [], token_type_ids: [], attention_mask: [] })
    expect(Object.keys(tokenizer.call('a'))).toEqual(['input_ids', 'token_type_ids', 'attention_mask'])
    expect(() => tokenizer.call('a').sequence_ids(1)).toThrow(/row is 1; expected an integer from 0 to 0/)
  })
})

interface RecordedDigests {
  readonly options: CallOptions
  /** The beginning of the SHA-256 of the result for the questions of each paragraph. */
  readonly digests: readonly string[]
}

interface SquadFile {
  readonly data: {
    readonly paragraphs: { readonly context: string; readonly qas: { readonly question: string }[] }[]
  }[]
}

describeShared('tokenizer.call on real questions', () => {
  const recorded = fixtureJson<RecordedDigests[]>('tokenizer/real-calls.json')
  const { data } = JSON.parse(readFileSync(shared('data/squad-v1.1-dev-xquad-en.json'), 'utf8')) as SquadFile
  const all = data.flatMap((article) => article.paragraphs)
  const paragraphs = all.slice(0, thoroughOr(all.length, 40))

  it.each(recorded)('returns the same results as transformers with $options', async ({ options, digests }) => {
    const tokenizer = await loadTokenizer(shared('models/minilm-l6-h384'))
    const found = paragraphs.map(({ context, qas }) => {
      const text = qas.map(({ question }) => question)
      const result = resultOf(tokenizer, { text, text_pair: text.map(() => context), options })
      return createHash('sha256').update(sortedJson(result)).digest('hex').slice(0, 16)
    })
    expect(digests).toHaveLength(all.length)
    expect(found).toEqual(digests.slice(0, paragraphs.length))
  })
})

/** Equivalent to `json.dumps(..., separators=(',', ':'), sort_keys=True)` for a flat object. */
const sortedJson = (object: Record<string, unknown>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))))
