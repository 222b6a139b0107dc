import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the command line as JavaScript. */
    cli: string
  }
}

const root = fileURLToPath(new URL('..', import.meta.url))
/** All code of a bundle lies in one folder: the threads that it starts too. */
const entryPoints = ['cli/main', 'server/model-worker', 'server/reader-worker', 'runs/cut-worker']

/**
 * Before all tests: the command line as JavaScript in a new folder. A process that runs it starts several times as
 * fast as one that reads TypeScript.
 */
export default async function bundle(project: TestProject): Promise<() => Promise<void>> {
  // Within node_modules, so that packages are found from there.
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'spanforge-test-'))
  const manifest = '{"type":"module","version":"0.0.0"}'
  await mkdir(join(folder, 'dist'))
  const outdir = join(folder, 'dist/cli')
  // One that is found from src/cli/, and one that is found from src/: in a bundle all code lies in dist/cli/.
  for (const place of [folder, join(folder, 'dist')]) await writeFile(join(place, 'package.json'), manifest)
  await build({
    entryPoints: entryPoints.map((name) => join(root, `src/${name}.ts`)),
    entryNames: '[name]',
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  })
  project.provide('cli', join(outdir, 'main.js'))
  return () => rm(folder, { recursive: true })
}
