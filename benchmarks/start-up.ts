/**
 * Measures the start-up time of the command line: `--version`, `--help` and the help of a command, alternating with
 * `node -e 0`, so that all run under the same conditions. Prints medians and ratios as JSON, and fails if `--version`
 * or `--help` take more than four times as long as Node alone. Compile first with npm run setup.
 *
 *     npx tsx benchmarks/start-up.ts [--rounds 15] [--main dist/cli/main.js]
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { packageFile } from '../src/package-root.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, main: { type: 'string' } },
})
const main = values.main ?? packageFile('dist/cli/main.js')
const MAX_RATIO = 4

const commands: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  '--version': [main, '--version'],
  '--help': [main, '--help'],
  'evaluate --help': [main, 'evaluate', '--help'],
  'train --help': [main, 'train', '--help'],
}

function milliseconds(argv: readonly string[]): number {
  const began = performance.now()
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return performance.now() - began
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const taken = new Map(Object.keys(commands).map((name) => [name, [] as number[]]))
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, argv] of Object.entries(commands)) taken.get(name)!.push(milliseconds(argv))

const alone = median(taken.get('node -e 0')!)
const results = [...taken].map(([name, times]) => {
  const time = median(times)
  return { name, milliseconds: Math.round(time), ratio: Number((time / alone).toFixed(2)) }
})
console.log(JSON.stringify(results, null, 2))
const slow = results.filter(({ name, ratio }) => ['--version', '--help'].includes(name) && ratio > MAX_RATIO)
for (const { name, ratio } of slow)
  console.error(`${name} takes ${ratio} times as long as node -e 0; expected at most ${MAX_RATIO}`)
process.exitCode = slow.length > 0 ? 1 : 0
