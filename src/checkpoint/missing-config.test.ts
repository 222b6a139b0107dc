import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { loadConfig } from './model-folder.ts'

const FOLDERS: Record<string, [files: readonly string[], found: string, remedy: string]> = {
  'a sentence-transformers model with its encoder in a folder of its own': [
    ['modules.json', '0_Transformer/config.json', '0_Transformer/pytorch_model.bin', '1_Pooling/config.json'],
    'a sentence-transformers model with its encoder in 0_Transformer',
    '/0_Transformer.',
  ],
  'a run with checkpoints': [
    ['trainer_state.json', 'checkpoint-2/config.json', 'checkpoint-2/model.safetensors'],
    'models in checkpoint-2',
    '/checkpoint-2.',
  ],
  'an original checkpoint of BERT': [
    ['bert_config.json', 'bert_model.ckpt.index', 'vocab.txt'],
    'the original layout of BERT (bert_config.json)',
    'Convert it',
  ],
  'an adapter': [
    ['adapter_config.json', 'adapter_model.safetensors'],
    'the weights of a PEFT adapter alone (adapter_model.safetensors)',
    'merge_and_unload',
  ],
  'a model for llama.cpp': [['model.gguf'], 'weights for llama.cpp (model.gguf)', 'Use the model'],
  'weights alone': [['model.safetensors'], 'weights (model.safetensors)', 'Download config.json'],
  'a tokenizer alone': [
    ['tokenizer.json', 'vocab.txt'],
    'only a tokenizer (tokenizer.json, vocab.txt)',
    'Give the folder of a model',
  ],
  'something else': [['README.md'], 'README.md', 'Give the folder of a model'],
}

for (const [name, [files, found, remedy]] of Object.entries(FOLDERS))
  test(`${name} without config.json is refused by what it is`, async () => {
    const folder = temporaryFolder()
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), '{}')
    }
    const error: Error = await loadConfig(folder).catch((error) => error)
    const [summary, advice, ...rest] = error.message.split('\n')
    expect(summary).toBe(`${folder}: there is no config.json, which a model needs; found ${found}`)
    expect(advice).toContain(remedy)
    expect(rest).toEqual([])
  })

test('a file in place of a model folder is called a file', async () => {
  const file = join(temporaryFolder(), 'model.safetensors')
  writeFileSync(file, '')
  await expect(loadConfig(file)).rejects.toThrow(`${file}: found a file, expected the folder of a model`)
})
