import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../../tests/run-here.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { checkpointBytes, type Flags, tinyTraining } from '../../tests/tiny-run.ts'
import { tinyExamples, tinyFolder } from '../../tests/tiny-squad.ts'
import { toSquadJson } from '../squad/reading/squad-json.ts'

// Full runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

/** A folder with a copy of the tiny model for the tests to corrupt. */
let folder: string
let model: string
beforeEach(() => {
  folder = temporaryFolder()
  model = join(folder, 'model')
  cpSync(tinyFolder, model, { recursive: true })
})

/** Expects a training to fail before it starts. */
async function expectRejected(message: RegExp, more: Flags = {}): Promise<void> {
  const { code, stdout, stderr } = await runHere(...tinyTraining(folder, { model, max_steps: 1, json: true, ...more }))
  expect(stderr).toMatch(message)
  expect(stderr).toMatch(/^error: /m)
  expect(code).toBeGreaterThan(0)
  expect(stdout).toBe('')
  expect(readdirSync(folder)).not.toContain('out')
}

const change = (file: string, edit: (bytes: Buffer) => Buffer) =>
  writeFileSync(join(model, file), edit(readFileSync(join(model, file))))
const configure = (values: object) =>
  change('config.json', (bytes) => Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()), ...values })))
const editHeader = (edit: (header: string) => string) =>
  change('model.safetensors', (bytes) => {
    const end = 8 + Number(bytes.readBigUInt64LE(0))
    const header = Buffer.from(edit(bytes.toString('utf8', 8, end)))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    return Buffer.concat([length, header, bytes.subarray(end)])
  })
const dataFile = (text: string) => {
  const path = join(folder, 'broken.json')
  writeFileSync(path, text)
  return path
}

describe('spanforge rejects models with', () => {
  test('a truncated safetensors file', async () => {
    change('model.safetensors', (bytes) => bytes.subarray(0, bytes.length - 100))
    await expectRejected(/model\.safetensors: .*(bytes|cut off)/)
  })

  test('a safetensors header length of 2^60', async () => {
    change('model.safetensors', (bytes) => {
      bytes.writeBigUInt64LE(2n ** 60n)
      return bytes
    })
    await expectRejected(/model\.safetensors: .*1152921504606846976/)
  })

  test('weights of the wrong dtype', async () => {
    editHeader((header) => header.replace('"F32"', '"I32"'))
    await expectRejected(/model\.safetensors: .*I32/)
  })

  test('an unknown dtype', async () => {
    editHeader((header) => header.replace('"F32"', '"F33"'))
    await expectRejected(/model\.safetensors: .*F33/)
  })

  test('missing weights', async () => {
    rmSync(join(model, 'model.safetensors'))
    await expectRejected(/model: found no weights/)
  })

  test('a missing config.json', async () => {
    rmSync(join(model, 'config.json'))
    await expectRejected(/config\.json is missing/)
  })

  test('a missing tokenizer', async () => {
    for (const name of ['tokenizer.json', 'vocab.txt']) rmSync(join(model, name))
    await expectRejected(/no tokenizer found/)
  })

  test('a folder that does not exist', async () => {
    await expectRejected(/nowhere: no such folder/, { model: join(folder, 'nowhere') })
  })

  test('an unknown activation', async () => {
    configure({ hidden_act: 'swoosh' })
    await expectRejected(/hidden_act: found "swoosh", expected /)
  })

  test('a number of heads that does not divide hidden_size', async () => {
    configure({ num_attention_heads: 5 })
    await expectRejected(/num_attention_heads: found 5, expected a divisor of hidden_size, 32/)
  })

  test('a vocabulary smaller than the ids of its tokenizer', async () => {
    rmSync(join(model, 'tokenizer.json'))
    change('vocab.txt', (bytes) => Buffer.concat([bytes, Buffer.from('onemore\n')]))
    await expectRejected(/the tokenizer has 129 tokens, but vocab_size in .*config\.json is 128/)
  })

  test('weights whose shape differs from config.json', async () => {
    configure({ vocab_size: 100 })
    await expectRejected(/word_embeddings\.weight: found shape \[128, 32\], expected \[100, 32\]/)
  })

  test('NaN in the weights', async () => {
    change('model.safetensors', (bytes) => {
      bytes.writeFloatLE(Number.NaN, bytes.length - 4)
      return bytes
    })
    await expectRejected(/found 1 of \d+ weights that are not finite, the first \(NaN\)/)
  })
})

describe('spanforge rejects data with', () => {
  const squad = toSquadJson(tinyExamples(8))

  test('a missing file', async () => {
    await expectRejected(/nothing\.json: no such file/, { train_file: join(folder, 'nothing.json') })
  })

  test('truncated SQuAD JSON, with the position', async () => {
    const train_file = dataFile(squad.slice(0, squad.length / 2))
    await expectRejected(/broken\.json: the file is truncated at line 1, character \d+/, { train_file })
  })

  test('an answer that is not in the context', async () => {
    const train_file = dataFile(squad.replace('"text":"bo"', '"text":"zo"'))
    await expectRejected(/question q0: answer "zo" is not at character 11 of the context \(found "bo"\)/, {
      train_file,
    })
  })

  test('an empty file', async () => {
    await expectRejected(/broken\.json: the file is empty/, { train_file: dataFile('') })
  })

  test('a file without questions', async () => {
    await expectRejected(/broken\.json: no questions found/, { train_file: dataFile('{"data": []}') })
  })

  test('no data argument', async () => {
    const { code, stderr } = await runHere('train', '--model', model, '--output_dir', join(folder, 'out'))
    expect(code).toBe(2)
    expect(stderr).toContain('train: no training data')
  })
})

describe('spanforge train', () => {
  test('supports a context of more than 100 windows', async () => {
    const context = 'bo is in ro. '.repeat(300)
    const example = { id: 'long', question: 'who is in ro?', context, answers: [{ text: 'bo', answer_start: 13 }] }
    const train_file = dataFile(toSquadJson([example]))
    const flags = { model, train_file, max_steps: 1, max_seq_length: 32, json: true } as const
    const { code, stdout, stderr } = await runHere(...tinyTraining(folder, flags))
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).train_samples).toBeGreaterThan(100)
  })

  test('stops immediately when a learning rate of 1e9 makes the loss NaN', async () => {
    const { code, stderr } = await runHere(...tinyTraining(folder, { learning_rate: 1e9, save_strategy: 'no' }))
    expect(code).toBe(1)
    expect(stderr).toMatch(/training: step 2: the loss is NaN, and the gradient of [\w.]+ contains NaN/)
    expect(stderr).toContain('The learning rate (1000000000) is probably too high')
  })

  test('keeps and names the last good checkpoint when the loss becomes NaN', async () => {
    const epochs = { save_strategy: 'epoch' } as const
    expect((await runHere(...tinyTraining(folder, { ...epochs, num_train_epochs: 1 }))).code).toBe(0)
    const good = join(folder, 'out/checkpoint-6')
    const before = checkpointBytes(good)
    // With the Adam moments of a good run, 1e9 is not enough for a model this small.
    const resumed = { ...epochs, resume_from_checkpoint: 'latest', learning_rate: 1e30 } as const
    const { code, stderr } = await runHere(...tinyTraining(folder, resumed))
    expect(code).toBe(1)
    expect(stderr).toMatch(/training: step 8: the loss is NaN/)
    expect(stderr).toContain(`The last good checkpoint is ${good}.`)
    expect(checkpointBytes(good)).toEqual(before)
  })

  test('stops when the loss of an evaluation is not finite', async () => {
    const flags = { learning_rate: 1e9, eval_strategy: 'steps', eval_steps: 1, save_strategy: 'no' } as const
    const { code, stderr } = await runHere(...tinyTraining(folder, flags))
    expect(code).toBe(1)
    expect(stderr).toMatch(/the model's loss on a training window is (NaN|Infinity)/)
    expect(stderr).toContain('No checkpoint was saved.')
  })

  test('names a folder without data and an output folder that is a file', async () => {
    const train_file = join(folder, 'notes')
    mkdirSync(train_file)
    writeFileSync(join(train_file, 'readme.txt'), 'no data')
    await expectRejected(/notes: the folder contains no Parquet files\n.*a data file/, { train_file })
    const output_dir = join(train_file, 'readme.txt')
    await expectRejected(/readme\.txt: cannot be written .*\n.*A file with this name exists/, { output_dir })
  })

  test.each([
    ['train', '--args_file', 'none.json'],
    ['answer', '--model', tinyFolder, '--question', 'who?', '--context_file', 'none.txt'],
    ['serve', tinyFolder, '--port', '0', '--token_file', 'none.txt'],
  ])('exits with 2 if a file that %s needs does not exist', async (...argv) => {
    const { code, stderr } = await runHere(...argv)
    expect(stderr).toMatch(/^error: none\.\w+: does not exist$/m)
    expect(code).toBe(2)
  })

  test('does not write into a non-empty output folder', async () => {
    const output_dir = join(folder, 'mine')
    mkdirSync(output_dir)
    writeFileSync(join(output_dir, 'thesis.txt'), 'years of work')
    await expectRejected(/mine: the output folder is not empty.*: thesis\.txt/, { output_dir })
    await expectRejected(/mine: the output folder is not empty/, { output_dir, overwrite_output_dir: true })
    expect(readdirSync(output_dir)).toEqual(['thesis.txt'])
  })
})
