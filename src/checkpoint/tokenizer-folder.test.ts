import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { BertTokenizer } from '../text/index.ts'
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

/** tokenizer.json of the small tokenizer, with changes to it. */
async function writeJson(change: (json: ReturnType<typeof JSON.parse>) => void): Promise<void> {
  await saveTokenizer(small, folder)
  const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'))
  change(json)
  await write('tokenizer.json', json)
}

describe('saveTokenizer and loadTokenizer', () => {
  it('give the same tokenizer back, from tokenizer.json and from vocab.txt', async () => {
    const added_tokens = [
      { id: 7, content: '<x>', single_word: true, lstrip: true, rstrip: false, normalized: false, special: false },
    ]
    const settings = { do_lower_case: false, strip_accents: true, tokenize_chinese_chars: false, model_max_length: 64 }
    const tokenizer = new BertTokenizer({ ...small.settings, ...settings, added_tokens })
    await saveTokenizer(tokenizer, folder)
    expect((await loadTokenizer(folder)).settings).toEqual(tokenizer.settings)
    await rm(join(folder, 'tokenizer.json'))
    expect((await loadTokenizer(folder)).settings).toEqual(tokenizer.settings)
  })

  it('keep a tokenizer without [MASK] without it', async () => {
    const tokenizer = new BertTokenizer({ vocab: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a'] })
    await saveTokenizer(tokenizer, folder)
    const loaded = await loadTokenizer(folder)
    expect([loaded.mask_token_id, loaded.size]).toEqual([undefined, 5])
    expect(JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8')).mask_token).toBe(null)
  })
})

describe('loadTokenizer', () => {
  it('takes vocab.txt alone, with Windows line ends too', async () => {
    await copyFile(fixture('tokenizer/vocab.txt'), join(folder, 'vocab.txt'))
    expect((await loadTokenizer(folder)).vocab_size).toBe(30522)
    await write('vocab.txt', [...SPECIALS, 'a', ''].join('\r\n'))
    expect((await loadTokenizer(folder)).settings.vocab).toEqual([...SPECIALS, 'a'])
  })

  it('follows tokenizer_config.json about case where tokenizer.json differs, as transformers does', async () => {
    await saveTokenizer(small, folder)
    await write('tokenizer_config.json', {
      do_lower_case: false,
      model_max_length: 1e30,
      unk_token: { content: '[UNK]' },
    })
    const { settings } = await loadTokenizer(folder)
    expect([settings.do_lower_case, settings.model_max_length]).toEqual([false, Number.POSITIVE_INFINITY])
  })

  it('ignores a truncation and a padding written in tokenizer.json', async () => {
    await writeJson((json) => {
      json.truncation = { max_length: 2, strategy: 'LongestFirst', stride: 0, direction: 'Right' }
      json.padding = { strategy: { Fixed: 9 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' }
    })
    expect([...(await loadTokenizer(folder)).encode('a a a ab').ids]).toEqual([5, 5, 5, 5, 6])
  })

  it('names the folder that has no tokenizer', async () => {
    await expect(loadTokenizer(folder)).rejects.toThrow(`${folder}: no tokenizer here`)
  })

  it('refuses an empty vocabulary', async () => {
    await write('vocab.txt', '')
    await expect(loadTokenizer(folder)).rejects.toThrow(/vocabulary is empty/)
  })

  it('refuses a vocabulary without [UNK]', async () => {
    await write('vocab.txt', '[PAD]\n[CLS]\n[SEP]\n')
    await expect(loadTokenizer(folder)).rejects.toThrow(/3 tokens has no unk_token "\[UNK\]"/)
  })

  it('refuses broken JSON, naming the file', async () => {
    await write('tokenizer.json', '{"model": {"vocab"')
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer\.json: .*broken JSON/)
  })

  it('refuses another kind of tokenizer', async () => {
    await writeJson((json) => {
      json.model.type = 'BPE'
    })
    await expect(loadTokenizer(folder)).rejects.toThrow(/model.type is "BPE"; expected "WordPiece"\n.*not a BERT/)
    await writeJson((json) => {
      json.normalizer = null
    })
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer.json: normalizer is null; expected an object/)
  })

  it('refuses ids that are far, negative, fractions or given twice', async () => {
    for (const id of [2 ** 31, -1, 0.5, 3, '5', null]) {
      await writeJson((json) => {
        json.model.vocab.a = id
      })
      await expect(loadTokenizer(folder)).rejects.toThrow(`has id ${JSON.stringify(id)}; expected numbers from 0`)
    }
  })

  it('refuses an added token whose id is another token, or far beyond the vocabulary', async () => {
    for (const id of [5, 99]) {
      await writeJson((json) => {
        json.added_tokens.push({ id, content: '<x>', special: false })
      })
      await expect(loadTokenizer(folder)).rejects.toThrow(`added token "<x>" has id ${id}, `)
    }
  })

  it('refuses a setting of the wrong type, naming it', async () => {
    await saveTokenizer(small, folder)
    await write('tokenizer_config.json', { do_lower_case: 'yes' })
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /tokenizer_config.json: do_lower_case is "yes"; expected a boolean/,
    )
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
