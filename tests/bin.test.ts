import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { packageFile } from '../src/package-root.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('the npm command explains how to compile if dist is missing', () => {
  const folder = temporaryFolder()
  cpSync(packageFile('bin'), join(folder, 'bin'), { recursive: true })
  cpSync(packageFile('package.json'), join(folder, 'package.json'))
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin/spanforge.cjs'), '--help'], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'spanforge is not compiled yet.\n  Run: npm run setup\n',
  })
})

test('reports a Node version that is too old', () => {
  const folder = temporaryFolder()
  cpSync(packageFile('bin'), join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ engines: { node: '>=999.1' } }))
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin/spanforge.cjs')], { encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toBe(
    `spanforge needs Node 999.1 or newer; this is Node ${process.versions.node}.\n  Get it from https://nodejs.org.\n`,
  )
})

test('uses only syntax that all Node versions can parse', async () => {
  const source = readFileSync(packageFile('bin/spanforge.cjs'), 'utf8')
  // esbuild rejects or changes what ES5 does not support.
  const { code, warnings } = await transform(source, { target: 'es5', format: 'cjs' })
  expect(warnings).toEqual([])
  expect(code).not.toContain('__async')
  expect(source).not.toMatch(/=>|`|\?\.|\b(const|let|await|async|class)\b(?![^\n]*\/\/)/)
})
