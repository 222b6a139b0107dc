import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { loadConfig } from './model-folder.ts'

const FOLDERS: Record<string, [files: readonly string[], found: string, remedy: string]> = {
  'a sentence-transformers model with its encoder in a subfolder': [
    ['modules.json', '0_Transformer/config.json', '0_Transformer/pytorch_model.bin', '1_Pooling/config.json'],
    'a sentence-transformers model with its encoder in 0_Transformer',
    '/0_Transformer.',
  ],
  'a run with checkpoints': [
    ['trainer_state.json', 'checkpoint-2/config.json', 'checkpoint-2/model.safetensors'],
    'models in checkpoint-2',
    '/checkpoint-2.',
  ],
  'an original BERT checkpoint': [
    ['bert_config.json', 'bert_model.ckpt.index', 'vocab.txt'],
    'the original BERT layout (bert_config.json)',
    'Convert it',
  ],
  'an adapter': [
    ['adapter_config.json', 'adapter_model.safetensors'],
    'only the weights of a PEFT adapter (adapter_model.safetensors)',
    'merge_and_unload',
  ],
  'a model for llama.cpp': [['model.gguf'], 'weights for llama.cpp (model.gguf)', 'Use the model'],
  'only weights': [['model.safetensors'], 'weights (model.safetensors)', 'Download the config.json'],
  'only a tokenizer': [
    ['tokenizer.json', 'vocab.txt'],
    'only a tokenizer (tokenizer.json, vocab.txt)',
    'Use a model folder',
  ],
  'something else': [['README.md'], 'README.md', 'Use a model folder'],
}

for (const [name, [files, found, remedy]] of Object.entries(FOLDERS))
  test(`recognizes ${name} without config.json`, async () => {
    const folder = temporaryFolder()
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), '{}')
    }
    const error: Error = await loadConfig(folder).catch((error) => error)
    const [summary, advice, ...rest] = error.message.split('\n')
    expect(summary).toBe(`${folder}: config.json is missing; found ${found}`)
    expect(advice).toContain(remedy)
    expect(rest).toEqual([])
  })

test('rejects a file instead of a model folder', async () => {
  const file = join(temporaryFolder(), 'model.safetensors')
  writeFileSync(file, '')
  await expect(loadConfig(file)).rejects.toThrow(`${file}: found a file, expected a model folder`)
})
