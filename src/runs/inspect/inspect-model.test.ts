import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { loadModel } from '../load/load-model.ts'
import { inspectModel } from './inspect-model.ts'

it.each([
  {
    name: 'requires its own code for splitting words',
    config: { tokenizer_class: 'BertJapaneseTokenizer' },
    vocab: '[UNK]\n',
  },
  {
    name: 'has more tokens than the model',
    config: {},
    vocab: `[PAD]\n[UNK]\n[CLS]\n[SEP]\n${Array.from({ length: 200 }, (_, i) => `${i}\n`).join('')}`,
  },
])('inspect rejects a tokenizer that $name with the same error as loading the model', async ({ config, vocab }) => {
  const folder = temporaryFolder()
  cpSync(fixture('tiny/b1/safetensors'), folder, { recursive: true })
  rmSync(join(folder, 'tokenizer.json'))
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config))
  writeFileSync(join(folder, 'vocab.txt'), vocab)
  const loading = await loadModel(folder).catch((error) => error)
  expect(loading).toBeInstanceOf(Error)
  await expect(inspectModel(folder)).rejects.toThrow(loading.message)
})
