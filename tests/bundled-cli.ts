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
  const manifest = '{"type":"module","version":"0.0.0"}'
  await mkdir(join(folder, 'dist'))
  const outdir = join(folder, 'dist/cli')
  // One that is found from src/cli/, and one that is found from src/: in a bundle all code lies in dist/cli/.
  for (const place of [folder, join(folder, 'dist')]) await writeFile(join(place, 'package.json'), manifest)
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
