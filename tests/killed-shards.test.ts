import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import { startKillable } from './killable-cli.ts'
import { describeShared, shared } from './shared.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr, isExhaustive, itInFull } from './thorough.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

// Processes take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 1_200_000 })

/** Evaluates in one process, and in shards of which each is killed once. Compares all files. */
async function expectSame(folder: string, shards: number, given: readonly string[]): Promise<void> {
  const evaluate = (output_dir: string, ...more: string[]) => [
    'evaluate',
    ...given,
    '--output_dir',
    output_dir,
    ...more,
  ]
  const [whole, merged] = [join(folder, 'whole'), join(folder, 'merged')]
  expect(await startKillable(evaluate(whole)).closed).toEqual([0, null])
  for (let i = 1; i <= shards; i++) {
    const argv = evaluate(merged, '--shard', `${i}/${shards}`)
    expect(await startKillable(argv, 3 + ((2 * i) % 8)).closed).toEqual([null, 'SIGKILL'])
    expect(await startKillable(argv).closed).toEqual([0, null])
  }
  expect(await startKillable(['merge', merged]).closed).toEqual([0, null])
  const timeless = (path: string) =>
    readFileSync(path, 'utf8').replace(/"(runtime|samples_per_second)": [\d.e+-]+|\/[^"]+\//g, '')
  const names = readdirSync(whole)
  expect(names).toContain('predictions.json')
  for (const name of names) expect(timeless(join(merged, name)), name).toBe(timeless(join(whole, name)))
  expect(readdirSync(merged).filter((name) => name.includes('partial'))).toEqual([])
}

describe('An evaluation in shards, each of which is killed once, gives the results of one process', () => {
  itInFull('for a small model', async () => {
    const folder = temporaryFolder()
    const data = join(folder, 'dev.json')
    const examples = tinyExamples(exhaustiveOr(3000, 500))
    writeFileSync(
      data,
      toSquadJson(examples.map((example, i) => ({ ...example, context: example.context.repeat(1 + (i % 3)) }))),
    )
    const lengths = ['--max_seq_length', '48', '--doc_stride', '8']
    await expectSame(folder, exhaustiveOr(16, 2), ['--model', tinyFolder, '--data', data, ...lengths])
  })

  if (isExhaustive)
    describeShared('for MiniLM on questions of SQuAD', () => {
      test('in 16 shards', () => {
        const data = ['--data', shared('data/squad-v1.1-dev-xquad-en.json'), '--max_eval_samples', '640']
        return expectSame(temporaryFolder(), 16, ['--model', shared('models/minilm-qa-reference'), ...data])
      })
    })
})
