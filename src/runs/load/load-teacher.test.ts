import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyFolder, writeTinySquad } from '../../../tests/tiny-squad.ts'
import { saveModel } from '../../checkpoint/model-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { exportVariants } from '../../export/export-model.ts'
import { loadPretrained, randomModel } from '../../inference/pretrained.ts'
import { parseConfig } from '../../models/registry.ts'
import { parseArguments, type TrainingArgumentsInput } from '../../training/arguments/arguments.ts'
import { tensorsOf } from '../../training/checkpoints/run-checkpoint.ts'
import { noScreen } from '../screen/screen.ts'
import { prepareRun } from '../train/prepare.ts'

/** Prepares a run of the tiny model with a teacher. */
function prepare(teacher: string, more: TrainingArgumentsInput = {}) {
  const train_file = writeTinySquad(temporaryFolder(), 'train.json', 4)
  const given = { model: tinyFolder, train_file, teacher, max_seq_length: 32, doc_stride: 8 }
  return prepareRun(parseArguments({ ...given, ...more }, 'test'), { screen: noScreen })
}

/** A copy of the tiny model with changed files. */
function copy(files: Readonly<Record<string, (text: string) => string>> = {}): string {
  const folder = join(temporaryFolder(), 'teacher')
  cpSync(tinyFolder, folder, { recursive: true })
  for (const [name, change] of Object.entries(files))
    writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')))
  return folder
}

/** A folder with the tokenizer of the tiny model and the weights of another. */
async function random(fields: object, folder = copy(), like = tinyFolder): Promise<string> {
  const config = JSON.parse(readFileSync(join(like, 'config.json'), 'utf8'))
  const model = randomModel(parseConfig({ ...config, ...fields }, folder))
  await saveModel(folder, model.config, tensorsOf(model.parameters))
  return folder
}

async function exported(): Promise<string> {
  const output_dir = join(temporaryFolder(), 'exported')
  const [{ model }, tokenizer] = await Promise.all([loadPretrained(tinyFolder), loadTokenizer(tinyFolder)])
  await exportVariants({ folder: tinyFolder, name: 'tiny', model, tokenizer }, { output_dir, dtypes: ['q8'] })
  return output_dir
}

const swapped = (text: string) => text.replace('"a": 5', '"a": 6').replace('"b": 6', '"b": 5')

test('a teacher is loaded on the engine of the model, with a digest', async () => {
  const run = await prepare(await random({ num_hidden_layers: 3 }))
  expect(run.teacher).toMatchObject({ engine: run.model.engine, precision: 'float32' })
  expect(run.teacher!.geometry.layers).toBe(3)
  expect(run.digests.teacher).toMatch(/^[0-9a-f]{64}$/)
  expect(run.args).toMatchObject({ teacher_weight: 0.5, teacher_temperature: 2 })
})

test('an exported model can teach, also without tokenizer.json', async () => {
  const folder = await exported()
  rmSync(join(folder, 'tokenizer.json'))
  const run = await prepare(folder)
  expect(run.teacher!.device).toContain('q8')
  await run.teacher!.release()
  await expect(prepare(folder, { engine: 'openvino' })).rejects.toThrow(/openvino|OpenVINO/)
})

test('a BERT and a DistilBERT can teach each other', async () => {
  const own = copy({ 'tokenizer_config.json': (text) => text.replace('BertTokenizer', 'DistilBertTokenizer') })
  const distilbert = await random(
    { vocab_size: 128, max_position_embeddings: 64 },
    own,
    fixture('tiny/distilbert/model'),
  )
  const { teacher } = await prepare(copy(), { model: distilbert })
  expect(teacher!.geometry.token_types).toBe(2)
  expect((await prepare(distilbert)).teacher!.geometry.token_types).toBe(0)
})

test.each<[string, () => string | Promise<string>, string, TrainingArgumentsInput?]>([
  ['that does not exist', () => './nowhere', 'teacher: ./nowhere: '],
  ['without a model', temporaryFolder, 'teacher: '],
  [
    'that was not fine-tuned',
    () => {
      const folder = copy()
      cpSync(fixture('tiny/b2/encoder-only'), folder, { recursive: true })
      return folder
    },
    'missing in the checkpoint\n  A model can teach only after it was fine-tuned',
  ],
  ['with another vocabulary', () => copy({ 'tokenizer.json': swapped }), 'differs from that of the model: vocab\n'],
  [
    'with another normalizer',
    () => copy({ 'tokenizer_config.json': (text) => text.replace('"do_lower_case": true', '"do_lower_case": false') }),
    'differs from that of the model: normalizer\n',
  ],
  [
    'with other token types',
    () => copy({ 'tokenizer_config.json': (text) => text.replace('{', '{"model_input_names": ["input_ids"],') }),
    'differs from that of the model: token_type_ids\n',
  ],
  [
    'with too few positions',
    () => random({ max_position_embeddings: 24 }),
    "max_seq_length 32 exceeds the teacher's 24 positions: lower it, or choose another teacher",
  ],
  ['with padding', () => copy(), 'teacher requires padding none, found longest', { padding: 'longest' }],
])('a teacher %s is rejected', async (_, teacher, message, more) => {
  await expect(prepare(await teacher(), more)).rejects.toThrow(message)
})
