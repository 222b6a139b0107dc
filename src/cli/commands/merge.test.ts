import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull, thoroughOr } from '../../../tests/thorough.ts'
import { tinyExamples, tinyFolder, writeTinySquad } from '../../../tests/tiny-squad.ts'

vi.setConfig({ testTimeout: 600_000 })

let folder: string
const at = (name: string) => join(folder, name)
beforeEach(() => {
  folder = temporaryFolder()
})

async function run(...argv: string[]) {
  const said = await runHere(...argv)
  expect(said.code, said.stderr).toBe(0)
  return said
}

async function failure(...argv: string[]): Promise<string> {
  const said = await runHere(...argv)
  expect(said.code).not.toBe(0)
  return said.stderr
}

const shardsOf = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}/${count}`)
const filesIn = (name: string) =>
  readdirSync(at(name)).filter((file) => !file.startsWith('shard-') && !file.startsWith('.'))
const lengths = ['--max_seq_length', '48', '--doc_stride', '8']

function changeWeight(model: string): void {
  const path = join(model, 'model.safetensors')
  const bytes = readFileSync(path)
  bytes[bytes.length - 2] ^= 1
  writeFileSync(path, bytes)
}

function otherModel(): string {
  cpSync(tinyFolder, at('other-model'), { recursive: true })
  changeWeight(at('other-model'))
  return at('other-model')
}

describe('shards of predict', () => {
  const predict = (output: string, ...more: string[]) => [
    ...[
      'predict',
      '--model',
      tinyFolder,
      '--input',
      at('questions.jsonl'),
      '--output',
      at(output),
      ...lengths,
      ...more,
    ],
  ]
  beforeEach(() => {
    const lines = tinyExamples(900).map(({ id, question, context }, i) =>
      JSON.stringify({ id, question: i === 700 ? ' ' : question, context: context.repeat(1 + (i % 3)) }),
    )
    writeFileSync(at('questions.jsonl'), `${lines.join('\n')}\n`)
  })

  const outputs: [string, string, string[]][] = [
    ['plain', 'answers.jsonl', ['--top_k', '2']],
    ['compressed', 'answers.jsonl.gz', ['--handle_impossible_answer']],
  ]
  test.each(thoroughOr(outputs, outputs.slice(1)))(
    'give the bytes of a single process when merged: %s',
    async (_, output, more) => {
      await run(...predict(`whole-${output}`, ...more))
      for (const shard of shardsOf(3)) await run(...predict(output, ...more, '--shard', shard))
      const { stdout } = await run('merge', at(output))
      expect(stdout).toMatch(/Merged +3 shards/)
      expect(readFileSync(at(output)).equals(readFileSync(at(`whole-${output}`)))).toBe(true)
      expect(await failure('merge', at(output))).toContain('already exists')
      await run('merge', at(output), '--overwrite')
    },
  )

  test('give the files of run_qa when merged, also with more shards than blocks', async () => {
    const more = ['--postprocess', 'run_qa', '--handle_impossible_answer']
    await run(...predict('whole', ...more))
    for (const shard of shardsOf(6)) await run(...predict('merged', ...more, '--shard', shard))
    await run('merge', at('merged'))
    expect(filesIn('merged').sort()).toEqual(filesIn('whole').sort())
    for (const file of filesIn('whole'))
      expect(readFileSync(join(at('merged'), file)).equals(readFileSync(join(at('whole'), file))), file).toBe(true)
  })

  test('are complete only once, and rejected if missing, repeated, foreign or changed', async () => {
    const shard = (index: number, ...more: string[]) =>
      run(...predict('answers.jsonl', '--shard', `${index}/3`, ...more))
    expect(await failure('merge', at('answers.jsonl'))).toContain('found no complete shards')
    await shard(1)
    await shard(3)
    expect(await failure('merge', at('answers.jsonl'))).toContain('1 of 3 shards is missing or unfinished: 2/3')

    const before = readFileSync(at('shard-1-of-3.answers.jsonl'))
    await shard(1)
    expect(readFileSync(at('shard-1-of-3.answers.jsonl')).equals(before)).toBe(true)
    // A copy that was truncated does not count as complete.
    writeFileSync(at('shard-1-of-3.answers.jsonl'), before.subarray(0, 1000))
    expect(await failure(...predict('answers.jsonl', '--shard', '1/3'))).toContain('already exists')
    await shard(1, '--overwrite')
    expect(readFileSync(at('shard-1-of-3.answers.jsonl')).equals(before)).toBe(true)
    expect(await failure(...predict('answers.jsonl', '--shard', '1/3', '--top_k', '2'))).toMatch(
      /this shard is complete, but was computed with other inputs: top_k 1 and 2/,
    )

    await shard(2, '--top_k', '2')
    expect(await failure('merge', at('answers.jsonl'))).toMatch(/computed from different inputs: top_k 1 and 2/)
    const changed = readFileSync(at('questions.jsonl'), 'utf8')
    writeFileSync(at('questions.jsonl'), changed.replace('who is', 'where is'))
    await shard(2, '--overwrite')
    expect(await failure('merge', at('answers.jsonl'))).toMatch(/computed from different inputs: other questions/)
    writeFileSync(at('questions.jsonl'), changed)
    await shard(2, '--overwrite', '--model', otherModel())
    expect(await failure('merge', at('answers.jsonl'))).toMatch(/computed from different inputs: other weights/)
    await shard(2, '--overwrite')

    cpSync(at('shard-2-of-3.answers.jsonl'), at('copy/shard-2-of-3.answers.jsonl'))
    cpSync(at('shard-2-of-3.answers.jsonl.json'), at('copy/shard-2-of-3.answers.jsonl.json'))
    expect(await failure('merge', at('answers.jsonl'), folder, at('copy'))).toMatch(/shard 2\/3 is given twice/)
    appendFileSync(at('shard-2-of-3.answers.jsonl'), '{}\n')
    expect(await failure('merge', at('answers.jsonl'))).toContain('has changed since shard 2/3 was computed')
    rmSync(at('shard-2-of-3.answers.jsonl'))
    expect(await failure('merge', at('answers.jsonl'))).toContain('the lines of shard 2/3 are missing')
    await run('merge', at('answers.jsonl'), ...[1, 3].map((i) => at(`shard-${i}-of-3.answers.jsonl`)), at('copy'))
    await run(...predict('whole.jsonl'))
    expect(readFileSync(at('answers.jsonl')).equals(readFileSync(at('whole.jsonl')))).toBe(true)

    await run(...predict('answers.jsonl', '--shard', '1/2'))
    expect(await failure('merge', at('answers.jsonl'))).toContain('parts of different divisions')
  })
})

describe('shards of evaluate', () => {
  const evaluate = (output: string, ...more: string[]) => [
    ...['evaluate', '--model', tinyFolder, '--data', at('dev.json'), '--output_dir', at(output), ...lengths, ...more],
  ]
  /** The files of an evaluation without times and paths. */
  const contents = (name: string) =>
    filesIn(name).map((file) => [
      file,
      readFileSync(join(at(name), file), 'utf8').replace(/"(runtime|samples_per_second)": [\d.e+-]+|\/[^"]+\//g, ''),
    ])
  beforeEach(() => writeTinySquad(folder, 'dev.json', 60))

  test.each([
    ['without padding', []],
    ['with padding and run_qa', ['--padding', 'longest', '--postprocess', 'run_qa', '--batch_size', '4']],
    ['of SQuAD version 2', ['--version_2_with_negative']],
  ])('give the results of a single process when merged: %s', async (_, more) => {
    await run(...evaluate('whole', ...more, ...(more.length ? [] : ['--report', at('whole/errors.html')])))
    for (const shard of shardsOf(3))
      await run(
        ...evaluate(
          'merged',
          ...more,
          ...(more.length ? [] : ['--report', at('merged/errors.html')]),
          '--shard',
          shard,
        ),
      )
    await run('merge', at('merged'))
    expect(contents('merged')).toEqual(contents('whole'))
  })

  test('are rejected if the data or the model has changed', async () => {
    const model = at('model')
    cpSync(tinyFolder, model, { recursive: true })
    const own = ['--model', model, '--data', at('dev.json'), '--output_dir', at('merged'), ...lengths]
    for (const shard of shardsOf(2)) await run('evaluate', ...own, '--shard', shard)
    writeTinySquad(folder, 'other.json', 60, 1)
    expect(await failure('merge', at('merged'), '--data', at('other.json'))).toContain('other questions')
    changeWeight(model)
    expect(await failure('merge', at('merged'))).toContain('other weights')
    await run('merge', at('merged'), '--model', tinyFolder)
  })

  test('need a folder and a single model', async () => {
    const argv = ['evaluate', '--model', tinyFolder, '--data', at('dev.json'), '--shard', '1/2']
    expect(await failure(...argv)).toContain('--shard requires --output_dir')
    expect(await failure(...argv, '--model', at('other'))).toContain('--shard takes a single --model')
    expect(await failure(...argv, '--output_dir', at('x'), '--calibrate')).toContain('mutually exclusive')
    expect(await failure(...argv.slice(0, -1), '3/2')).toContain('expected i/n')
  })
})

describe('shards of sweep', () => {
  itInFull('give the table of a single process when merged', async () => {
    const [train, dev] = ['train.json', 'dev.json'].map((name) => writeTinySquad(folder, name, 8))
    const sweep = (output: string, ...more: string[]) => [
      ...['sweep', '--model', tinyFolder, '--train_file', train, '--validation_file', dev, '--output_dir', at(output)],
      ...['--num_train_epochs', '1', '--max_seq_length', '48', '--doc_stride', '8'],
      ...['--grid', 'learning_rate=1e-3,1e-2,1e-4', ...more],
    ]
    const table = (name: string) => {
      const { trials, ...rest } = JSON.parse(readFileSync(join(at(name), 'sweep.json'), 'utf8'))
      const timeless = (metrics: object) =>
        Object.fromEntries(Object.entries(metrics).filter(([metric]) => !/runtime|per_second/.test(metric)))
      return {
        ...rest,
        trials: trials.map((trial: { metrics: object }) => ({ ...trial, metrics: timeless(trial.metrics) })),
      }
    }
    await run(...sweep('whole'))
    await run(...sweep('merged', '--shard', '2/2'))
    expect(await failure('merge', at('merged'))).toContain('1 of 2 shards is missing or unfinished: 1/2')
    await run(...sweep('merged', '--shard', '1/2'))
    await run('merge', at('merged'))
    expect(table('merged')).toEqual(table('whole'))
    expect(readdirSync(at('merged'))).toContain('sweep.html')
    // A repeated shard has nothing to do.
    await run(...sweep('merged', '--shard', '1/2'))
    expect(await failure(...sweep('merged', '--shard', '1/2', '--weight_decay', '0.1'))).toContain('other arguments')
  })
})

test('an error about --shard names the flag once, and says what is expected', async () => {
  expect(await failure('predict', '--shard', '3/2')).toBe(
    'error: --shard: found 3/2, expected i/n with 1 <= i <= n <= 100000\n',
  )
  expect(await failure('evaluate', '--shard', 'x')).toMatch(
    /^error: --shard: found x\n {2}Expected i\/n, such as 3\/16/,
  )
})
