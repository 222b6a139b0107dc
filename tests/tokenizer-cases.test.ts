import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { loadTokenizer, saveTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { fixture, fixtureJson } from './fixture.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thoroughOr } from './thorough.ts'
import { compareCase, type TokenizerCase, writeCase } from './tokenizer-cases.ts'

const compressed = readFileSync(fixture('tokenizer-folders/sentencepiece.json.br'))

const recordedCases: readonly TokenizerCase[] = [
  ...['cases', 'bpe', 'unigram'].flatMap((name) => fixtureJson<TokenizerCase[]>(`tokenizer-folders/${name}.json`)),
  ...JSON.parse(brotliDecompressSync(compressed).toString()),
]

/** Every third case is enough for everyday work. */
const cases = recordedCases.filter((_, i) => i % thoroughOr(1, 3) === 0)

/** Folders written by transformers 5. Version 4.57 cannot read them, but their tokenizer.json is valid. */
const FOR_VERSION_5 = /^settings extra list/

describe('Small tokenizer folders in all layouts', () => {
  for (const recorded of cases.filter(({ error }) => error === undefined))
    it(`are read as in Python: ${recorded.name}`, async () => {
      const folder = temporaryFolder()
      const tokenizer = await loadTokenizer(writeCase(recorded, join(folder, 'original')))
      const read = compareCase(tokenizer, recorded)
      expect(read.found).toEqual(read.expected)
      await saveTokenizer(tokenizer, join(folder, 'saved'))
      const saved = compareCase(await loadTokenizer(join(folder, 'saved')), recorded)
      expect(saved.found).toEqual(saved.expected)
    })

  for (const recorded of cases.filter(({ error }) => error !== undefined)) {
    const isRead = FOR_VERSION_5.test(recorded.name)
    it(`are ${isRead ? 'read' : 'rejected'}, which Python rejects: ${recorded.name}`, async () => {
      const loaded = loadTokenizer(writeCase(recorded, temporaryFolder()))
      if (isRead) await expect(loaded).resolves.toMatchObject({ cls_token_id: 2, sep_token_id: 3 })
      else await expect(loaded).rejects.toThrow(/expected/)
    })
  }
})
