import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { input } from '../src/graph/tensor.ts'
import { gemm } from '../src/ops/linalg.ts'
import { bundled } from './cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(`${root}/docs/engine.md`, 'utf8')

test('docs/engine.md shows the output of its example', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [bundled('engine')])
  expect(page).toContain(`\n${stdout}`)
})

test('docs/engine.md shows lines from the code', () => {
  const code = ['examples/engine.ts', 'src/ops/elementwise.ts'].map((path) => readFileSync(`${root}/${path}`, 'utf8'))
  const shown = [...page.matchAll(/^(?:export )?const .*$/gm)].map(([line]) => line)
  expect(shown.length).toBeGreaterThan(4)
  expect(shown.filter((line) => !code.some((text) => text.includes(line)))).toEqual([])
})

test('docs/engine.md shows the error for a product of incompatible shapes', () => {
  expect(() => gemm(input('x', ['tokens', 3]), input('w', [2, 3]))).toThrow(
    /Gemm: inner sizes differ: \[tokens, 3\] x \[2, 3\]: .*/.exec(page)![0],
  )
})
