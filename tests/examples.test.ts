/** Runs every program of examples/ with a small model. */
import { execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { packageFile } from '../src/package-root.ts'
import { bundled } from './cli.ts'
import { files } from './source-tree.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

const argvOf = (name: string, args: readonly string[]): string[] => [bundled(name), tinyFolder, ...args]

async function run(name: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, argvOf(name, args))
  expect(stdout).not.toMatch(/undefined|NaN/)
  return stdout
}

function written(name: string, text: string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, text)
  return path
}

test('train', async () => {
  const folder = temporaryFolder()
  const [train, dev] = [writeTinySquad(folder, 'train.json', 16), writeTinySquad(folder, 'dev.json', 8)]
  expect(await run('train', train, dev, join(folder, 'out'))).toMatch(/^4 steps, mean training loss \d\.\d{3}/)
  expect(readFileSync(join(folder, 'out/model.safetensors')).length).toBeGreaterThan(1000)
})

test('evaluate', async () => {
  const printed = await run('evaluate', writeTinySquad(temporaryFolder(), 'dev.json', 8))
  expect(printed).toMatch(
    /Exact match [\d.]+\nF1 [\d.]+ \(95 % interval [\d.]+ to [\d.]+\)\n(.* -> .+; expected \w+\n){3}/,
  )
})

test('answer', async () => {
  const text = written('text.txt', 'bo is in ro. li was sea.')
  expect(await run('answer', 'who is in ro?', text, text)).toMatch(/^([\d.]+ % {2}.*text\.txt:\d+ {2}.+\n){3}$/)
})

test('serve', async () => {
  const server = spawn(process.execPath, argvOf('serve', ['0']), { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void server.kill('SIGKILL'))
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]()
  const address = (await lines.next()).value as string
  const ask = (body: string) => fetch(address, { method: 'POST', body })
  const context = 'bo is in ro.'
  const found = await (await ask(JSON.stringify({ question: 'who is in ro?', context }))).json()
  expect(context.slice(found.start, found.end)).toBe(found.answer)
  expect((await ask('{')).status).toBe(400)
  expect((await ask('{"question": "who?"}')).status).toBe(400)
  server.kill('SIGTERM')
  expect(await ended).toBe(0)
})

test('data-reader', async () => {
  const printed = await run(
    'data-reader',
    written('q.txt', 'bo is in ro.\nQ: who?\nA: bo\n\nli was sea.\nQ: who?\nA: li\n'),
  )
  expect(printed).toMatch(/^who\? -> bo\nwho\? -> li\n\d+ characters/)
  await expect(run('data-reader', written('q.txt', 'bo\nQ: who?\nA: eve\n'))).rejects.toThrow(
    /block 1: the text does not/,
  )
})

test('callback', async () => {
  const folder = temporaryFolder()
  await run('callback', writeTinySquad(folder, 'train.json', 16), join(folder, 'out'))
  expect(readFileSync(join(folder, 'out-loss.csv'), 'utf8')).toMatch(
    /^step,loss\n1,[\d.]+\n2,[\d.]+\n3,[\d.]+\n4,[\d.]+\n$/,
  )
})

test('every example has a test', () => {
  const page = readFileSync(import.meta.filename ?? packageFile('tests/examples.test.ts'), 'utf8')
  const programs = files.filter((path) => /^examples\/[^/]*\.ts$/.test(path)).map((path) => path.slice(9, -3))
  // notebook-3.test.ts and engine-page.test.ts run these.
  const elsewhere = ['notebook-3', 'engine']
  expect(programs.filter((name) => !elsewhere.includes(name) && !page.includes(`test('${name}'`))).toEqual([])
})
