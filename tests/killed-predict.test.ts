import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { startKillable } from './killable-cli.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { itInFull } from './thorough.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

// Processes take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

const QUESTIONS = 1400

/** Questions of different lengths, one without a context, in several blocks of windows. */
function writeQuestions(path: string): void {
  const lines = tinyExamples(QUESTIONS).map(({ id, question, context }, i) =>
    JSON.stringify({ id, question: i === 700 ? ' ' : question, context: context.repeat(1 + (i % 3)) }),
  )
  writeFileSync(path, `${lines.join('\n')}\n`)
}

itInFull('a prediction that is killed repeatedly produces the same bytes as an uninterrupted one', async () => {
  const folder = temporaryFolder()
  writeQuestions(join(folder, 'questions.jsonl'))
  const argv = (output: string) => [
    ...['predict', '--model', tinyFolder, '--input', join(folder, 'questions.jsonl'), '--output', output],
    ...['--top_k', '2', '--max_seq_len', '48', '--doc_stride', '8'],
  ]
  const [whole, output] = [join(folder, 'whole.jsonl'), join(folder, 'answers.jsonl')]
  expect(await startKillable(argv(whole)).closed).toEqual([0, null])

  let kills = 0
  // Kill before some file operations, including those around the first blocks.
  for (const kill_at of [0, 1, 3, 4, 5]) if ((await startKillable(argv(output), kill_at).closed)[1]) kills++
  // Also kill from outside as soon as there are more answers.
  for (let i = 0; i < 4 && !existsSync(output); i++) {
    const { child, closed } = startKillable(argv(output))
    const before = sizeOf(`${output}.partial`)
    while (child.exitCode === null && sizeOf(`${output}.partial`) === before && !existsSync(output)) await sleep(2)
    child.kill('SIGKILL')
    if ((await closed)[1]) kills++
  }
  expect(kills).toBeGreaterThan(5)
  if (!existsSync(output) || existsSync(`${output}.partial.json`))
    expect(await startKillable(argv(output)).closed).toEqual([0, null])
  expect(readFileSync(output).equals(readFileSync(whole))).toBe(true)
  expect(
    readdirSync(folder)
      .filter((name) => !name.includes('.lock'))
      .sort(),
  ).toEqual(['answers.jsonl', 'questions.jsonl', 'whole.jsonl'])
})

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)
