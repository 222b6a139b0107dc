import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import { startKillable } from './killable-cli.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr } from './thorough.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

// Processes take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 1_200_000 })

const COUNT = exhaustiveOr(16, 2)

test('an evaluation in shards, each of which is killed once, gives the results of one process', async () => {
  const folder = temporaryFolder()
  const data = join(folder, 'dev.json')
  const examples = tinyExamples(exhaustiveOr(3000, 500))
  writeFileSync(
    data,
    toSquadJson(examples.map((example, i) => ({ ...example, context: example.context.repeat(1 + (i % 3)) }))),
  )
  const evaluate = (output_dir: string, ...more: string[]) => [
    ...['evaluate', '--model', tinyFolder, '--data', data, '--output_dir', output_dir],
    ...['--max_seq_length', '48', '--doc_stride', '8', ...more],
  ]
  const [whole, merged] = [join(folder, 'whole'), join(folder, 'merged')]
  expect(await startKillable(evaluate(whole)).closed).toEqual([0, null])
  let kills = 0
  for (let i = 1; i <= COUNT; i++) {
    const argv = evaluate(merged, '--shard', `${i}/${COUNT}`)
    if ((await startKillable(argv, 3 + ((2 * i) % 8)).closed)[1]) kills++
    expect(await startKillable(argv).closed).toEqual([0, null])
  }
  expect(kills).toBe(COUNT)
  expect(await startKillable(['merge', merged]).closed).toEqual([0, null])
  const timeless = (path: string) =>
    readFileSync(path, 'utf8').replace(/"(runtime|samples_per_second)": [\d.e+-]+|\/[^"]+\//g, '')
  for (const name of readdirSync(whole)) expect(timeless(join(merged, name)), name).toBe(timeless(join(whole, name)))
  expect(readdirSync(merged).filter((name) => name.includes('partial'))).toEqual([])
  expect(existsSync(join(merged, 'predictions.json'))).toBe(true)
})
