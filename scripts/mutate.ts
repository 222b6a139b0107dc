/**
 * Mutation testing: copies the repository, introduces one small bug at a time, and runs the tests that should fail.
 * Prints the mutations that no test detected, and fails if there are more than three.
 *
 *     npx tsx scripts/mutate.ts [--only TEXT] [--list] [--keep FILE]
 *
 * --only selects mutations whose file names contain TEXT; --keep stores results in FILE and skips those already stored.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTATIONS } from './mutations/list.ts'
import type { Mutation } from './mutations/mutation.ts'

/** Maximum number of mutations that may stay undetected. */
const MAX_MISSED = 3
const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean' }, keep: { type: 'string' } },
})

const keyOf = ({ file, find, replace }: Mutation): string => `${file}: ${find} -> ${replace || 'nothing'}`
const chosen = MUTATIONS.filter(({ file }) => file.includes(values.only ?? ''))
if (values.list) {
  for (const mutation of chosen) console.log(keyOf(mutation))
  process.exit()
}

const folder = mkdtempSync(join(tmpdir(), 'spanforge-mutations-'))
const copy = join(folder, 'spanforge')
const caught: Record<string, boolean> =
  values.keep && existsSync(values.keep) ? JSON.parse(readFileSync(values.keep, 'utf8')) : {}
try {
  for (const name of [
    'src',
    'tests',
    'scripts',
    'examples',
    'benchmarks',
    'docs',
    'schemas',
    'package.json',
    'vitest.config.ts',
    'tsconfig.json',
  ])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(copy, name))
  // Tests find the large reference data next to the repository.
  if (existsSync(join(root, '../shared'))) symlinkSync(join(root, '../shared'), join(folder, 'shared'))
  const left = chosen.filter((mutation) => caught[keyOf(mutation)] === undefined)
  const tests = [...new Set(left.flatMap((mutation) => mutation.tests))]
  if (tests.length > 0 && !pass(tests)) throw new Error('the tests fail without any mutation: see above')
  for (const mutation of left) {
    caught[keyOf(mutation)] = isCaught(mutation)
    console.log(`${caught[keyOf(mutation)] ? 'caught ' : 'MISSED '} ${keyOf(mutation)}`)
    if (values.keep) writeFileSync(values.keep, `${JSON.stringify(caught, null, 1)}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const missed = chosen.filter((mutation) => !caught[keyOf(mutation)])
console.log(`${chosen.length - missed.length} of ${chosen.length} mutations were detected`)
for (const mutation of missed) console.log(`  not ${keyOf(mutation)}`)
process.exitCode = missed.length > MAX_MISSED ? 1 : 0

function isCaught({ file, find, replace, tests }: Mutation): boolean {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(find).length !== 2) throw new Error(`${file}: ${JSON.stringify(find)} does not occur exactly once`)
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
  try {
    return !tests.every((test) => pass([test], 'ignore'))
  } finally {
    writeFileSync(path, text)
  }
}

function pass(tests: readonly string[], stdio: 'ignore' | 'inherit' = 'inherit'): boolean {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const env = { ...process.env, SPANFORGE_THOROUGH: '1' }
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--bail', '1', ...tests], { cwd: copy, stdio, env })
  return status === 0
}
