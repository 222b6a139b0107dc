import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The command line as JavaScript in a new folder, which the caller removes: a process that runs `main` starts several
 * times as fast as one that reads TypeScript.
 */
export async function bundledCli(): Promise<{ readonly folder: string; readonly main: string }> {
  // Within node_modules, so that packages are found from there.
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'spanforge-test-'))
  await writeFile(join(folder, 'package.json'), '{"type":"module","version":"0.0.0"}')
  const outdir = join(folder, 'dist/cli')
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  })
  return { folder, main: join(outdir, 'main.js') }
}
