import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../src/checkpoint/model-folder.ts'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { geometryOf } from '../src/models/registry.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { generateExamples } from '../src/synthetic/examples.ts'

const folder = join(import.meta.dirname, '../examples/embedded/model')
const tokenizer = await loadTokenizer(folder)
const validation = generateExamples({ seed: 42, split: 'validation', questions: 500 })
const { windows } = createDataset(tokenizer, validation, { max_seq_length: 128, doc_stride: 32 })

describe('the embedded model', () => {
  it('has at most 5 MB', () => {
    expect(statSync(join(folder, 'model.safetensors')).size).toBeLessThan(5_000_000)
  })

  // Weights for another vocabulary load without an error and give random results. Change both, then update this digest.
  it('keeps the vocabulary that its weights were trained with', () => {
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, 'vocab.txt')))
      .digest('hex')
    expect(digest).toBe('92bd6ca5917c37ccb58c39316807282bbe47675444f080d322c24fda4f07b09d')
  })

  it('has a row of embeddings for every piece', async () => {
    const config = await loadConfig(folder)
    expect(geometryOf(config).vocab_size).toBe(tokenizer.size)
    expect(geometryOf(config).max_positions).toBeGreaterThanOrEqual(128)
  })

  it('has a token for every character of the synthetic text', () => {
    const unknown = windows.filter(({ input_ids }) => input_ids.includes(tokenizer.id('[UNK]')!))
    expect(unknown).toEqual([])
  })

  it('splits unknown names into several pieces', () => {
    for (const name of ['Grimenski', 'Quinoldahl', 'Ashlehampton'])
      expect(tokenizer.encode(name).ids.length).toBeGreaterThan(1)
  })
})

describe('the demonstration data at 128 tokens with stride 32', () => {
  const windowsOf = validation.map((_, example) => windows.filter((window) => window.example === example))

  it('cuts some, but not most, of the contexts into several windows', () => {
    const share = windowsOf.filter((of) => of.length > 1).length / validation.length
    expect(share).toBeGreaterThan(0.1)
    expect(share).toBeLessThan(0.5)
  })

  it('has each entire answer in at least one window', () => {
    for (const [i, of] of windowsOf.entries())
      expect(
        of.some(({ end_position }) => end_position > 0),
        validation[i].id,
      ).toBe(true)
  })
})
