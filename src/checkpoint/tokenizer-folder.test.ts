import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { BertTokenizer, fastTokenizerFile, toTokenizerJson } from '../text/index.ts'
import { loadTokenizer, saveTokenizer } from './tokenizer-folder.ts'

const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const small = new BertTokenizer({ vocab: [...SPECIALS, 'a', '##b'] })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanforge-tokenizer-'))
})
afterEach(() => rm(folder, { recursive: true }))

const write = (name: string, content: unknown) =>
  writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))

/** The tokenizer.json of the small tokenizer with modifications. */
async function writeJson(change: (json: ReturnType<typeof JSON.parse>) => void): Promise<void> {
  await saveTokenizer(small, folder)
  const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'))
  change(json)
  await write('tokenizer.json', json)
}

const BERT_PROCESSING = { type: 'BertProcessing', cls: ['[CLS]', 2], sep: ['[SEP]', 3] }
const TRIMMING = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true }

describe('saveTokenizer and loadTokenizer', () => {
  it('round-trip a tokenizer through tokenizer.json and vocab.txt', async () => {
    const added_tokens = [
      { id: 7, content: '<x>', single_word: true, lstrip: true, rstrip: false, normalized: false, special: false },
    ]
    const settings = { do_lower_case: false, strip_accents: true, tokenize_chinese_chars: false, model_max_length: 64 }
    const tokenizer = new BertTokenizer({ vocab: small.settings.vocab, ...settings, added_tokens })
    const inOrder = ({ settings, addedTokens }: BertTokenizer) => ({ ...settings, added_tokens: addedTokens })
    await saveTokenizer(tokenizer, folder)
    expect(inOrder(await loadTokenizer(folder))).toEqual(inOrder(tokenizer))
    await rm(join(folder, 'tokenizer.json'))
    expect(inOrder(await loadTokenizer(folder))).toEqual(inOrder(tokenizer))
  })

  it('do not add a missing [MASK]', async () => {
    const tokenizer = new BertTokenizer({ vocab: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a'] })
    await saveTokenizer(tokenizer, folder)
    const loaded = await loadTokenizer(folder)
    expect([loaded.mask_token_id, loaded.size]).toEqual([undefined, 5])
    expect(JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8')).mask_token).toBe(null)
  })
})

it('saveTokenizer omits tokens that the class adds itself, because transformers would fail', async () => {
  await write('vocab.txt', [...SPECIALS, '.', 'a'].join('\n'))
  await write('tokenizer_config.json', { tokenizer_class: 'SplinterTokenizer' })
  const tokenizer = await loadTokenizer(folder)
  expect(tokenizer.settings.additional_special_tokens).toEqual(['[QUESTION]'])
  await saveTokenizer(tokenizer, folder)
  for (const name of ['tokenizer_config.json', 'special_tokens_map.json'])
    expect(JSON.parse(await readFile(join(folder, name), 'utf8'))).not.toHaveProperty('additional_special_tokens')
  expect((await loadTokenizer(folder)).id('[QUESTION]')).toBe(7)
})

describe('loadTokenizer', () => {
  it('reads a folder with only vocab.txt, including Windows line endings', async () => {
    await copyFile(fixture('tokenizer/vocab.txt'), join(folder, 'vocab.txt'))
    expect((await loadTokenizer(folder)).vocab_size).toBe(30522)
    await write('vocab.txt', [...SPECIALS, 'a', ''].join('\r\n'))
    expect((await loadTokenizer(folder)).settings.vocab).toEqual([...SPECIALS, 'a'])
  })

  it('prefers the case setting of tokenizer_config.json to tokenizer.json, as transformers does', async () => {
    await saveTokenizer(small, folder)
    await write('tokenizer_config.json', {
      do_lower_case: false,
      model_max_length: 1e30,
      unk_token: { content: '[UNK]' },
    })
    const { settings } = await loadTokenizer(folder)
    expect([settings.normalizer?.lowercase, settings.model_max_length]).toEqual([false, Number.POSITIVE_INFINITY])
  })

  it('ignores truncation and padding settings in tokenizer.json', async () => {
    await writeJson((json) => {
      json.truncation = { max_length: 2, strategy: 'LongestFirst', stride: 0, direction: 'Right' }
      json.padding = { strategy: { Fixed: 9 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' }
    })
    expect([...(await loadTokenizer(folder)).encode('a a a ab').ids]).toEqual([5, 5, 5, 5, 6])
  })

  it('names a folder without a tokenizer', async () => {
    await expect(loadTokenizer(folder)).rejects.toThrow(`${folder}: no tokenizer found`)
  })

  it('rejects an empty vocabulary', async () => {
    await write('vocab.txt', '')
    await expect(loadTokenizer(folder)).rejects.toThrow(/vocab.txt: found an empty file/)
  })

  it('rejects words that a vocabulary without [UNK] cannot represent, and still encodes others', async () => {
    await write('vocab.txt', '[PAD]\n[CLS]\n[SEP]\na\n')
    const tokenizer = await loadTokenizer(folder)
    expect(() => tokenizer.encode('a a zebra')).toThrow(/cannot spell "zebra" and has no unk_token "\[UNK\]"/)
    expect([...tokenizer.encode('a').wordIds]).toEqual([0])
  })

  it('rejects a vocab.txt that is not UTF-8', async () => {
    await writeFile(join(folder, 'vocab.txt'), Buffer.from('[UNK]\nStra\xdfe\n', 'latin1'))
    await expect(loadTokenizer(folder)).rejects.toThrow(/vocab.txt: found bytes that are not UTF-8/)
  })

  it('rejects broken JSON and names the file', async () => {
    await write('tokenizer.json', '{"model": {"vocab"')
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer\.json: .*broken JSON/)
  })

  it.each([
    ['BPE', { vocab: { a: 0 }, merges: [] }],
    ['Unigram', { vocab: [['a', 0]], unk_id: 0 }],
    ['WordLevel', { vocab: { a: 0 }, unk_token: 'a' }],
    ['WordPiece', { vocab: { a: 0 }, unk_token: 'a', continuing_subword_prefix: '##', max_input_chars_per_word: 9 }],
  ])('knows a model without type by its fields: %s', async (type, model) => {
    await writeJson((json) => {
      json.model = model
    })
    expect((await loadTokenizer(folder)).settings.model.type).toBe(type)
  })

  it.each(['Neural', 'toString'])('rejects a model of type %s by name', async (type) => {
    await writeJson((json) => {
      json.model = { type }
    })
    await expect(loadTokenizer(folder)).rejects.toThrow(
      `model.type is "${type}", a model that spanforge does not support`,
    )
  })

  it.each([
    ['normalizer', { type: 'Precompiled', precompiled_charsmap: '?' }, 'precompiled_charsmap is "?"; expected bytes'],
    [
      'normalizer',
      { type: 'Precompiled', precompiled_charsmap: 'AAAA' },
      'is not a character map: its 3 bytes are truncated',
    ],
    ['normalizer', { type: 'constructor' }, 'normalizer.type is "constructor", a normalizer'],
    ['normalizer', { type: 'Replace', pattern: { Regex: 'a(' }, content: '' }, 'the regular expression "a("'],
    ['normalizer', { type: 'BertNormalizer', lowercase: 1 }, 'normalizer.clean_text is missing; expected a boolean'],
    ['normalizer', { type: 'Sequence', normalizers: [{ type: 'Nmt2' }] }, 'normalizers[0].type is "Nmt2"'],
    ['normalizer', 'lower', 'normalizer is "lower"; expected an object'],
    ['pre_tokenizer', { type: 'UnicodeScripts' }, 'pre_tokenizer.type is "UnicodeScripts", a pre-tokenizer'],
    ['pre_tokenizer', { type: 'Metaspace', replacement: '__' }, 'pre_tokenizer.replacement is "__"; expected one'],
    ['pre_tokenizer', { type: 'ByteLevel' }, 'pre_tokenizer.add_prefix_space is missing; expected a boolean'],
    ['pre_tokenizer', { type: 'Punctuation', behavior: 'Gone' }, 'behavior is "Gone"; expected Isolated, Removed'],
    [
      'post_processor',
      { type: 'Sequence', processors: [BERT_PROCESSING, TRIMMING] },
      'post_processor.processors[0] adds special tokens before another processor; expected it to be the last',
    ],
    ['post_processor', { type: 'Sequence', processors: [TRIMMING, TRIMMING] }, 'processors trim offsets 2 times'],
    ['post_processor', { type: 'Mystery' }, 'post_processor.type is "Mystery", a post-processor'],
    ['post_processor', { type: 'BertProcessing', cls: ['[CLS]', -1], sep: ['[SEP]', 3] }, 'a token and its id'],
    ['decoder', { type: 'CTC' }, 'decoder.type is "CTC", a decoder'],
    ['model', { type: 'BPE', vocab: { a: 0 }, merges: ['a b c'] }, 'model.merges[0] is "a b c"; expected two tokens'],
    ['model', { type: 'BPE', vocab: { a: 0 }, merges: ['a b'] }, 'merge 1 needs token "b"'],
    [
      'model',
      { type: 'BPE', vocab: { a: 0 }, merges: [], dropout: 0.1 },
      'model.dropout is 0.1, which makes tokens random',
    ],
    [
      'model',
      { type: 'Unigram', vocab: [['a', 0]], unk_id: 1 },
      'model.unk_id is 1; expected null or an id from 0 to 0',
    ],
    ['model', { type: 'Unigram', vocab: [['a', 'b']] }, 'model.vocab[0] is ["a", "b"]; expected a token and its score'],
    ['added_tokens', {}, 'added_tokens is {}; expected a list'],
    ['added_tokens', [{ id: 1 }], 'added_tokens[0].content is missing; expected a string'],
    ['model', { type: 'WordPiece' }, 'model.vocab is missing; expected an object'],
  ])('rejects a %s of another kind or form by name', async (field, value, message) => {
    await writeJson((json) => {
      json[field] = value
    })
    await expect(loadTokenizer(folder)).rejects.toThrow(message)
  })

  it.each([
    [
      { tokenizer_class: 'BertJapaneseTokenizer' },
      ['vocab.txt'],
      'the tokenizer of this folder is BertJapaneseTokenizer, which cuts words with MeCab',
    ],
    [
      { tokenizer_class: 'RoFormerTokenizerFast' },
      ['tokenizer.json'],
      'the tokenizer of this folder is RoFormerTokenizerFast, which cuts words with Jieba',
    ],
    [
      { tokenizer_class: 'XLNetTokenizer' },
      ['spiece.model'],
      'the tokenizer of this folder is XLNetTokenizer, and no tokenizer.json describes it',
    ],
    [
      { tokenizer_class: 'T5Tokenizer' },
      [],
      'the tokenizer of this folder is T5Tokenizer, and no tokenizer.json describes it',
    ],
    [
      { tokenizer_class: 'KoBertTokenizer' },
      ['vocab.txt'],
      'the tokenizer of this folder is KoBertTokenizer, and no tokenizer.json describes it',
    ],
    [
      {},
      ['vocab.json', 'merges.txt'],
      'this folder has a BPE (byte-pair encoding) tokenizer in vocab.json and merges.txt',
    ],
    [
      { model_type: 'roberta' },
      ['merges.txt'],
      'this folder has half of a BPE (byte-pair encoding) tokenizer: merges.txt',
    ],
    [{ model_type: 'llama' }, ['tokenizer.json'], 'the tokenizer of this folder is LlamaTokenizer, which adds special'],
    [{ model_type: 'byt5' }, [], 'the tokenizer of this folder is ByT5Tokenizer, which has no fast form'],
    [{}, ['vocab.txt', 'bpe.codes'], 'this folder has a BPE (byte-pair encoding) tokenizer in bpe.codes'],
    [{}, ['spiece.model'], 'this folder has a SentencePiece tokenizer in spiece.model'],
    [{ model_type: 't5' }, [], 'this folder has the tokenizer of a model of type "t5"'],
  ])('says what tokenizer the folder of another family has: %j, %j', async (config, names, what) => {
    await write('config.json', config)
    for (const name of names) await write(name, name.endsWith('.json') ? '{}' : 'a\n')
    const error: Error = await loadTokenizer(folder).catch((error) => error)
    expect(error.message).toContain(`${folder}: ${what}`)
    expect(error.message).toContain('; spanforge reads tokenizer.json, ')
    expect(error.message.split('\n')).toHaveLength(2)
  })

  it('rejects ids that are too large, negative, fractional or duplicated', async () => {
    for (const id of [2 ** 31, -1, 0.5, 3, '5', null]) {
      await writeJson((json) => {
        json.model.vocab.a = id
      })
      await expect(loadTokenizer(folder)).rejects.toThrow(`has id ${JSON.stringify(id)}; expected integers from 0`)
    }
  })

  it.each<[string, RegExp, (json: ReturnType<typeof JSON.parse>) => void]>([
    [
      'too many normalizer components',
      /normalizer has 102 components; expected at most 100/,
      (json) => {
        json.normalizer = { type: 'Sequence', normalizers: Array(101).fill({ type: 'NFC' }) }
      },
    ],
    [
      'a very long prefix',
      /normalizer.prepend is "x+…"?; expected at most 32 characters/,
      (json) => {
        json.normalizer = { type: 'Prepend', prepend: 'x'.repeat(3000) }
      },
    ],
    [
      'excessively repeated special tokens',
      /post_processor.pair: adds \d+ special tokens, expected at most 512/,
      ({ post_processor: { special_tokens, pair } }) => {
        special_tokens['[CLS]'].ids = Array(100).fill(2)
        pair.push(...Array(10).fill({ SpecialToken: { id: '[CLS]', type_id: 0 } }))
      },
    ],
    [
      'a template of a million parts',
      /post_processor.single: adds 1000001 special tokens/,
      ({ post_processor }) => {
        post_processor.single = Array(1_000_001).fill({ Sequence: { id: 'A', type_id: 0 } })
      },
    ],
    [
      'too many added tokens',
      /found more than 131,072 added tokens/,
      ({ added_tokens }) => {
        for (let i = 0; i < 140_000; i++) added_tokens.push({ ...added_tokens[0], content: `<${i}>` })
      },
    ],
  ])('rejects %s', async (_name, message, change) => {
    await writeJson(change)
    await expect(loadTokenizer(folder)).rejects.toThrow(message)
  })

  it('rejects a text that the normalizer makes much longer', async () => {
    const double = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' }
    await writeJson((json) => {
      json.normalizer = { type: 'Sequence', normalizers: Array(40).fill(double) }
    })
    const tokenizer = await loadTokenizer(folder)
    expect(() => tokenizer.encode('a'.repeat(100))).toThrow(
      /normalizer makes 6400 characters of 100; expected at most 32 times as many/,
    )
  })

  it('rejects a vocab.txt with too many lines', async () => {
    await write('vocab.txt', `${SPECIALS.join('\n')}\n${'a\n'.repeat(2 ** 20)}`)
    await expect(loadTokenizer(folder)).rejects.toThrow(/vocab.txt: found more than 1,048,576 lines/)
  })

  it('reads 100,000 special tokens, each listed in three files, in linear time', async () => {
    const tokens = Array.from({ length: 50_000 }, (_, i) => ({ content: `<${i}>` }))
    await saveTokenizer(small, folder)
    const config = JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8'))
    const added_tokens_decoder = Object.fromEntries(tokens.map((token, i) => [i + 100, token]))
    await write('tokenizer_config.json', { ...config, added_tokens_decoder, additional_special_tokens: tokens })
    const before = process.cpuUsage()
    const tokenizer = await loadTokenizer(folder)
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000)
    expect([...tokenizer.encode('a<49999>').ids]).toEqual([5, tokenizer.id('<49999>')])
  })

  it('assigns the same ids to added tokens as transformers, regardless of the file', async () => {
    for (const id of [5, 99]) {
      await writeJson((json) => {
        json.added_tokens.push({ id, content: '<x>', special: false })
      })
      expect((await loadTokenizer(folder)).id('<x>')).toBe(7)
    }
  })

  it('rejects a setting of the wrong type and names it', async () => {
    await saveTokenizer(small, folder)
    await write('tokenizer_config.json', { do_lower_case: 'yes' })
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /tokenizer_config.json: do_lower_case is "yes"; expected a boolean/,
    )
  })
})

describe('SentencePiece files', () => {
  it.each([
    ['that are truncated', Buffer.from([10, 200, 1, 65]), 'a field is truncated'],
    ['of zeros', Buffer.alloc(64), 'found a field of an unknown type, 0'],
    ['without pieces', Buffer.from([18, 2, 24, 1]), 'no pieces'],
    ['of a web page', Buffer.from('<!doctype html><html><body>no</body></html>'), 'spm.model'],
  ])('%s are rejected, naming the file', async (_name, bytes, message) => {
    await write('config.json', { model_type: 'deberta-v2' })
    await writeFile(join(folder, 'spm.model'), bytes)
    await expect(loadTokenizer(folder)).rejects.toThrow(message)
  })

  it.each([
    [3, 'words'],
    [4, 'characters'],
  ])('of algorithm %i are rejected with an error that names it', async (algorithm, name) => {
    await write('config.json', { model_type: 'xlm-roberta' })
    await writeFile(join(folder, 'sentencepiece.bpe.model'), Buffer.from([10, 3, 10, 1, 65, 18, 2, 24, algorithm]))
    await expect(loadTokenizer(folder)).rejects.toThrow(`sentencepiece.bpe.model is a SentencePiece model of ${name};`)
  })
})

describeShared('loadTokenizer on real folders', () => {
  it('reads the same tokenizer from tokenizer.json and vocab.txt', async () => {
    const tokenizer = await loadTokenizer(shared('models/minilm-l6-h384'))
    expect([tokenizer.vocab_size, tokenizer.model_max_length]).toEqual([30522, 512])
    await copyFile(shared('models/minilm-l6-h384/vocab.txt'), join(folder, 'vocab.txt'))
    const text = 'The [MASK] of Ångström: unbelievable 北京 😀'
    expect((await loadTokenizer(folder)).encode(text)).toEqual(tokenizer.encode(text))
  })
})

describe('fast_tokenizer_files', () => {
  it.each([
    [['tokenizer.4.0.0.json'], 'tokenizer.4.0.0.json'],
    [['tokenizer.4.57.7.json'], 'tokenizer.json'],
    [['tokenizer.4.57.6rc1.json', 'tokenizer.json'], 'tokenizer.4.57.6rc1.json'],
    [['tokenizer.5.0.0.json', 'tokenizer.4.5.json', 'tokenizer.4.57.json'], 'tokenizer.4.57.json'],
    [['tokenizer.4.58.0.dev0.json'], 'tokenizer.json'],
    // Python compares versions as text, and stops at the first that is too new.
    [['tokenizer.10.0.0.json', 'tokenizer.4.0.0.json'], 'tokenizer.json'],
    [['tokenizer.4.9.0.json', 'tokenizer.4.10.0.json'], 'tokenizer.4.9.0.json'],
    [[], 'tokenizer.json'],
  ])('%j means %s, as in transformers 4.57.6', (files, chosen) => {
    expect(fastTokenizerFile({ fast_tokenizer_files: files })).toBe(chosen)
  })

  it.each([['../tokenizer.4.0.0.json'], ['tokenizer.new.json'], ['a/tokenizer.4.0.0.json']])('rejects %s', (name) => {
    expect(() => fastTokenizerFile({ fast_tokenizer_files: [name] })).toThrow(/fast_tokenizer_files lists/)
  })

  it('select the file to read, falling back to vocab.txt if it is missing', async () => {
    await saveTokenizer(small, folder)
    const other = new BertTokenizer({ vocab: [...SPECIALS, 'b', 'a'] })
    const versioned = JSON.stringify(toTokenizerJson(other))
    await write('tokenizer.4.0.0.json', versioned)
    await write('tokenizer_config.json', { fast_tokenizer_files: ['tokenizer.4.0.0.json'] })
    expect((await loadTokenizer(folder)).settings.vocab).toEqual(other.settings.vocab)
    await rm(join(folder, 'tokenizer.4.0.0.json'))
    await write('vocab.txt', [...SPECIALS, 'c'].join('\n'))
    expect((await loadTokenizer(folder)).settings.vocab.at(-1)).toBe('c')
  })
})
