import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type Example, toSquadJson } from '../src/index.ts'
import { bundled } from './cli.ts'
import { fixture } from './fixture.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Questions in the vocabulary of the tiny model. All contexts are longer than a window of 48 tokens. */
function questions(count: number, first: string): Example[] {
  const context = `${first} was in the new fed. the cat is of 42, and what was new is in. `.repeat(3)
  return Array.from({ length: count }, (_, i) => {
    const text = i % 2 ? '42' : first
    return {
      id: `${first}-${i}`,
      question: i % 2 ? 'what is the cat of?' : 'who was in the fed?',
      context,
      answers: [{ text, answer_start: context.indexOf(text) }],
    }
  })
}

test('the notebook runs from its first cell to an answer', async () => {
  const folder = temporaryFolder()
  const [trainFile, validationFile] = ['train.json', 'validation.json'].map((name) => `${folder}/${name}`)
  writeFileSync(trainFile, toSquadJson(questions(9, 'bob')))
  writeFileSync(validationFile, toSquadJson(questions(4, 'ann')))
  const files = [fixture('tiny/b1/safetensors'), trainFile, validationFile]
  const output = ['--output_dir', `${folder}/results`, '--save_dir', `${folder}/model`]
  const lengths = ['--max_seq_length', '48', '--doc_stride', '16']
  const samples = ['--max_train_samples', '8', '--num_train_epochs', '2']
  const { stdout } = await promisify(execFile)(process.execPath, [
    bundled('notebook-3'),
    ...files,
    ...output,
    ...lengths,
    ...samples,
  ])
  expect(stdout).toContain('Training: 8 examples\nValidation: 4 examples')
  const features = Number(/Tokenized Training: (\d+) features/.exec(stdout)![1])
  expect(features).toBeGreaterThan(8)
  expect(stdout).toContain('Total parameters: 23,426')
  const steps = 2 * Math.ceil(features / 16)
  expect(stdout).toContain(`Total training steps: ${steps}\n`)
  expect(stdout).toContain(`Training steps: ${steps}\n`)
  // The table of the two epochs, and another evaluation of the best one.
  const losses = [...stdout.matchAll(/^[12] +\d\.\d{6} +(\d\.\d{6}) +[\d.]+ +[\d.]+$/gm)].map(([, loss]) =>
    Number(loss),
  )
  expect(losses).toHaveLength(2)
  expect(stdout).toContain(`Validation loss: ${Math.min(...losses).toFixed(4)}`)
  expect(stdout).toMatch(/- model\.safetensors: \d+\.\d KB/)
  expect(stdout.match(/^A: .* \(characters \d+ to \d+, score \d\.\d{3}\)$/gm)).toHaveLength(3)
  expect(existsSync(`${folder}/results/checkpoint-${steps}/model.safetensors`)).toBe(true)
})
