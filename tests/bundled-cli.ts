import { readdirSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
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
const WORKERS = (readdirSync(join(root, 'src'), { recursive: true }) as string[])
  .filter((path) => /[/-]worker\.ts$/.test(path))
  .map((path) => path.slice(0, -3))
/** Programs of tests/processes that need no files from their own folder. */
const SCRIPTS = [
  'download-often',
  'exit-with-lock',
  'hold-lock',
  'resolve-model',
  'save-forever',
  'sum-on-ranks',
  'take-turns',
]
const EXAMPLES = ['answer', 'callback', 'data-reader', 'engine', 'evaluate', 'notebook-3', 'serve', 'train']
/** Dependencies that cannot be bundled: native code, and packages that search for their own files. */
const external = [
  'onnxruntime-node',
  'koffi',
  '@resvg/resvg-js',
  'fastify',
  '@fastify/*',
  'pino',
  'node-sqlite3-wasm',
  'mammoth',
]

/**
 * Before all tests, creates a package in a new folder with the command line, its threads, the library, and the programs of
 * examples/ and of tests, bundled into a few JavaScript files. Processes start several times faster with it than with
 * TypeScript sources and unbundled packages.
 */
export default async function bundle(project: TestProject): Promise<() => Promise<void>> {
  // Inside node_modules, so that the other packages can be resolved.
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'spanforge-test-'))
  const outdir = join(folder, 'dist')
  await build({
    entryPoints: [
      ...['index', 'cli/main', ...WORKERS].map((name) => `src/${name}`),
      ...SCRIPTS.map((name) => `tests/processes/${name}`),
      ...EXAMPLES.map((name) => `examples/${name}`),
    ].map((path) => join(root, `${path}.ts`)),
    entryNames: '[name]',
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external,
    // CommonJS packages load Node's built-in modules with require.
    banner: {
      js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
    },
    logLevel: 'error',
  })
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
  await symlink(join(root, 'dist/web'), join(outdir, 'web'))
  project.provide('cli', join(outdir, 'main.js'))
  process.env.SPANFORGE_BUNDLED_WORKERS = outdir
  return () => rm(folder, { recursive: true })
}
