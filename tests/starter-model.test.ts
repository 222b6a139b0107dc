import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { makeStarter, type StarterOptions } from '../scripts/starter/make-starter.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import type { Example } from '../src/squad/types.ts'
import { hubWorld, inEnvironment } from './hub-world.ts'
import { squadParquet } from './squad-parquet.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { differentExamples, tinyFolder, writeTinySquad } from './tiny-squad.ts'

vi.setConfig({ testTimeout: 600_000 })

const named = (examples: readonly Example[], language: string) =>
  examples.map((example) => ({ ...example, id: `${language}-${example.id}` }))

/** The three data sets under their names on the hub, where TyDi QA has other languages too. */
const world = hubWorld((server) => {
  const names = readdirSync(tinyFolder)
  server.add('model', 'owner/base').commit(Object.fromEntries(names.map((n) => [n, readFileSync(join(tinyFolder, n))])))
  const add = (name: string, path: string, examples: readonly Example[]) =>
    server.add('dataset', name).commit({ [path]: squadParquet(examples) })
  add('rajpurkar/squad', 'plain_text/train-00000-of-00001.parquet', differentExamples(40))
  const tydi = [...named(differentExamples(20, 100), 'english'), ...named(differentExamples(10, 200), 'finnish')]
  add('google-research-datasets/tydiqa', 'secondary_task/train-00000-of-00001.parquet', tydi)
  // The first MLQA context is also in SQuAD.
  add('facebook/mlqa', 'mlqa.en.en/validation-00000-of-00001.parquet', [
    ...differentExamples(1),
    ...differentExamples(9, 300),
  ])
})

inEnvironment(world)

const options = (folder: string, more: Partial<StarterOptions> = {}): StarterOptions => ({
  recipe: { name: 'baseline', about: '' },
  windows: 32,
  arguments: { max_seq_length: 48, doc_stride: 8, max_steps: 2 },
  places: {},
  tests: [],
  train_on: ['squad', 'tydi'],
  sizes: { seed: 42, set_aside: 5, set_aside_from: 'tydi', dev: 10 },
  model: 'owner/base',
  base: { name: 'owner/base', license: 'MIT' },
  work: join(folder, 'work'),
  output_dir: join(folder, 'starter'),
  max_bytes: 28e6,
  final: true,
  runtimes: ['node'],
  screen: noScreen,
  ...more,
})

const questionsIn = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id)

test('trains on SQuAD and TyDi QA by name, and uses MLQA and the questions set aside for the final table only', async () => {
  const folder = temporaryFolder()
  const card = (await makeStarter(options(folder, { tests: [writeTinySquad(folder, 'test.json', 6, 400)] })))!
  expect(card.parts.map(({ name, questions }) => [name, questions])).toEqual([
    ['train', 44],
    ['dev', 10],
    ['tydi, set aside', 5],
    ['mlqa', 10],
    ['test.json', 6],
  ])
  const trained = questionsIn(join(folder, 'work/train.json'))
  expect(trained).not.toContain('q0')
  expect(trained.filter((id) => /finnish|q3\d\d/.test(id))).toEqual([])
  expect(trained.some((id) => id.startsWith('english-'))).toBe(true)
  expect(card.results.map(({ data, examples }) => [data, examples])).toEqual([
    ['tydi, set aside', 5],
    ['mlqa', 10],
    ['test.json', 6],
  ])
  const text = readFileSync(join(folder, 'starter/README.md'), 'utf8')
  const { refs } = world.server.repository('dataset', 'facebook/mlqa')!
  expect(text).toContain(
    `(facebook/mlqa at ${refs.get('main')}; for evaluation only): [CC BY-SA 3.0](https://creativecommons.org/licenses/by-sa/3.0/). Lewis`,
  )
  expect(text).toContain('datasets:\n- rajpurkar/squad\n- google-research-datasets/tydiqa\n')
  expect(text).toContain('**owner/base**: MIT. Others trained it, on data with its own terms.')
  expect(text).toMatch(/\| mlqa \| 10 \| [\d.]+ \([\d.]+ to [\d.]+\)/)
  expect(text).toContain('| q8 | `onnx/model_quantized.onnx`')
  for (const { digest } of card.parts) expect(text).toContain(digest)
  expect(text).toMatch(/\| test\.json \| `[0-9a-f]{64}` \|/)
  expect(existsSync(join(folder, 'starter/onnx/model_quantized.onnx'))).toBe(true)
})

test('trains on MLQA only on request, and rejects a folder that is too large', async () => {
  const folder = temporaryFolder()
  const asked = options(folder, { train_on: ['squad', 'tydi', 'mlqa'], final: false, max_bytes: 1000 })
  await expect(makeStarter(asked)).rejects.toThrow(/bytes, more than 1000/)
  expect(questionsIn(join(folder, 'work/train.json')).some((id) => /^q30\d$/.test(id))).toBe(true)
})
