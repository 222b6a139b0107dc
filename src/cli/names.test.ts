import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { HubServer } from '../../tests/hub-server.ts'
import { hubWorld, inEnvironment } from '../../tests/hub-world.ts'
import { runHere } from '../../tests/run-here.ts'
import { squadParquet } from '../../tests/squad-parquet.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { itInFull } from '../../tests/thorough.ts'
import { tinyService } from '../../tests/tiny-service.ts'
import { tinyExamples, tinyFolder } from '../../tests/tiny-squad.ts'
import { loadDataset, pipeline } from '../index.ts'

// Full runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

const parquet = (questions: number, first = 0) => squadParquet(tinyExamples(questions, first))
const model = Object.fromEntries(readdirSync(tinyFolder).map((name) => [name, readFileSync(join(tinyFolder, name))]))

/** The branch `old` has a different activation and different questions. */
const world = hubWorld((server) => {
  const config = JSON.parse(model['config.json'].toString())
  const bert = server.add('model', 'ann/bert')
  bert.commit({ ...model, 'config.json': JSON.stringify({ ...config, hidden_act: 'relu' }) }, 'old')
  bert.commit(model)
  server.add('model', 'ann/secret', { access: 'private' }).commit(model)
  const squad = server.add('dataset', 'ann/squad')
  const files = { 'data/validation-0.parquet': parquet(8, 100), 'small/train.parquet': parquet(4) }
  squad.commit({ ...files, 'data/train-0.parquet': parquet(24) }, 'old')
  squad.commit({ ...files, 'data/train-0.parquet': parquet(6), 'data/train-1.parquet': parquet(6, 6) })
})

inEnvironment(world)

async function json(...argv: string[]) {
  const { code, stdout, stderr } = await runHere(...argv, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}
const lengths = ['--max_seq_length', '48', '--doc_stride', '8']
const question = ['--question', 'who is in ro?', '--context', 'bo is in ro. li was ka.']
const training = ['--model', 'ann/bert', '--dataset', 'ann/squad', '--max_steps', '1', ...lengths]

describe('a model given by hub name', () => {
  test.each<[string, string[]]>([
    ['inspect', ['inspect', 'ann/bert']],
    ['answer', ['answer', '--model', 'ann/bert', ...question]],
    ['evaluate', ['evaluate', '--model', 'ann/bert', '--data', 'ann/squad', ...lengths]],
    ['data windows', ['data', 'windows', 'ann/squad', '--model', 'ann/bert', ...lengths]],
    ['data check', ['data', 'check', 'ann/squad', '--model', 'ann/bert', ...lengths]],
  ])('works in spanforge %s, afterwards also offline', async (_, argv) => {
    const untimed = (found: object) =>
      JSON.stringify(found, (key, value) => (/runtime|second/.test(key) ? undefined : value))
    const online = untimed(await json(...argv))
    world.server.reset()
    expect(untimed(await json(...argv, '--offline'))).toBe(online)
    expect(world.server.requests).toEqual([])
  })

  test('answers a dataset from the hub in spanforge predict, afterwards also offline', async () => {
    const answers = async (...more: string[]) => {
      const output = join(temporaryFolder(), 'answers.jsonl')
      await json('predict', '--model', 'ann/bert', '--input', 'ann/squad', '--output', output, ...more)
      return readFileSync(output, 'utf8')
    }
    const online = await answers()
    expect(online.trimEnd().split('\n')).toHaveLength(8)
    world.server.reset()
    expect(await answers('--offline')).toBe(online)
    expect(world.server.requests).toEqual([])
  })

  test('is served under its name', async () => {
    const service = await tinyService({ folders: ['ann/bert'] })
    onTestFinished(() => service.close())
    const payload = { question: 'who is in ro?', context: 'bo is in ro.', model: 'ann/bert' }
    const response = await service.app.inject({ method: 'POST', url: '/api/answer', payload })
    expect([response.statusCode, response.json().model]).toEqual([200, 'ann/bert'])
  })

  test('is loaded from the requested revision', async () => {
    const score = async (...more: string[]) => (await json('answer', '--model', 'ann/bert', ...question, ...more)).score
    expect(await score('--revision', 'old')).not.toBe(await score())
    expect(await score('--revision', 'main')).toBe(await score())
    const { code, stderr } = await runHere('inspect', 'ann/bert', '--revision', 'older')
    expect(code).toBe(1)
    expect(stderr).toContain('the model "ann/bert" has no revision "older"')
  })

  test('is downloaded without weights if only the tokenizer is needed', async () => {
    await json('data', 'windows', 'ann/squad', '--model', 'ann/bert', ...lengths)
    expect((await world.files()).some((path) => path.endsWith('config.json'))).toBe(true)
    expect((await world.files()).some((path) => path.endsWith('model.safetensors'))).toBe(false)
  })

  test('leads to similar names if misspelled, and to the token if private', async () => {
    const wrong = await runHere('inspect', 'ann/bret')
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toMatch(/there is no model "ann\/bret".*\n.*Nearest names: ann\/bert/)
    expect((await runHere('inspect', 'ann/secret')).stderr).toContain('If it is private, set HF_TOKEN')
    vi.stubEnv('HF_TOKEN', HubServer.TOKEN)
    expect(await json('inspect', 'ann/secret')).toMatchObject({ name: 'ann/secret' })
  })
})

describe('a dataset given by hub name', () => {
  test('is named in the error if it is neither a file nor a dataset that can be downloaded', async () => {
    const { code, stderr } = await runHere('data', 'check', 'nosuch', '--offline')
    expect(code).toBe(1)
    expect(stderr).toContain('nosuch: no such file, and no dataset with this name could be downloaded: hub: ')
  })

  test('can be converted, sampled, split, merged and checked like a file', async () => {
    const folder = temporaryFolder()
    const path = (name: string) => join(folder, name)
    const data = (...argv: string[]) => json('data', ...argv)
    expect(await data('convert', 'ann/squad', path('train.json'))).toMatchObject({ questions: 12 })
    const validation = ['--split', 'validation']
    expect(await data('convert', 'ann/squad', path('dev.json'), ...validation)).toMatchObject({ questions: 8 })
    const small = ['--dataset_config', 'small']
    expect(await data('convert', 'ann/squad', path('small.json'), ...small)).toMatchObject({ questions: 4 })
    const old = ['--dataset_revision', 'old']
    expect(await data('convert', 'ann/squad', path('old.json'), ...old)).toMatchObject({ questions: 24 })
    expect(await data('sample', 'ann/squad', '--count', '5', '--output', path('few.json'))).toMatchObject({ of: 12 })
    const parts = ['--train', path('a.json'), '--validation', path('b.json'), '--by', 'question']
    const { files } = await data('split', 'ann/squad', ...parts)
    expect(files[path('a.json')] + files[path('b.json')]).toBe(12)
    const merged = await data('merge', 'ann/squad', path('dev.json'), '--output', path('all.json'))
    expect(merged.questions + merged.repeated).toBe(20)
  })

  test('is checked for leaks against another one', async () => {
    const { code, stdout } = await runHere(
      'data',
      'check',
      'ann/squad',
      '--validation',
      'ann/squad',
      '--split',
      'train',
    )
    expect(code).toBe(1)
    expect(stdout).toContain('contexts shared with the validation file (leaks)')
  })

  test('can be used for training by split, configuration and revision', async () => {
    const run = (...more: string[]) => json('train', ...training, '--output_dir', temporaryFolder(), ...more)
    expect(await run()).toMatchObject({ train_samples: 12, eval_samples: 8 })
    expect(await run('--dataset_revision', 'old')).toMatchObject({ train_samples: 24, eval_samples: 8 })
    expect(await run('--train_split', 'validation')).toMatchObject({ train_samples: 8 })
    expect(await run('--validation_split', 'train')).toMatchObject({ eval_samples: 12 })
  })

  test('is used with the requested model revision, also when the run is resumed', async () => {
    const folder = temporaryFolder()
    const resume = ['--output_dir', folder, '--resume_from_checkpoint', 'latest']
    await json('train', ...training, '--revision', 'old', '--save_steps', '1', '--output_dir', folder)
    const activation = () => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).hidden_act
    expect(activation()).toBe('relu')
    await json('train', ...resume, '--max_steps', '2')
    expect(activation()).toBe('relu')
  })

  itInFull('can be used in a sweep', async () => {
    const folder = temporaryFolder()
    const { trials } = await json('sweep', ...training, '--output_dir', folder, '--grid', 'seed=1,2')
    expect(trials.map(({ status }: { status: string }) => status)).toEqual(['finished', 'finished'])
  })

  test('lists its splits or configurations if the requested one does not exist', async () => {
    const rejected = async (...more: string[]) =>
      (await runHere('train', ...training, '--output_dir', join(temporaryFolder(), 'out'), ...more)).stderr
    expect(await rejected('--train_split', 'test')).toMatch(/has no split "test".*\n.*train, validation/)
    expect(await rejected('--dataset_config', 'large')).toMatch(/has no configuration "large".*\n.*default, small/)
    expect(await rejected('--train_file', 'train.json')).toContain('--dataset and --train_file are mutually exclusive')
  })
})

test('the library accepts hub names like the commands', async () => {
  expect(await loadDataset('ann/squad', { split: 'validation' })).toEqual(tinyExamples(8, 100))
  const ask = await pipeline('question-answering', 'ann/bert')
  expect((await ask('who is in ro?', 'bo is in ro.')).answer).not.toBe('')
  await ask.dispose()
})
