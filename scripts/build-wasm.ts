/**
 * Compiles the SIMD kernels in the `.as.ts` files of src/training/ to TypeScript modules that contain them as base64.
 * The modules are committed, so that builds and users do not need the compiler; a test compiles again and compares.
 *
 *     npx tsx scripts/build-wasm.ts
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

/** Paths relative to src/training/. */
export const modules = ['optimizer/kernels', 'optimizer/shared-kernels', 'dropout/random']

/** Modules that import a memory shared between threads, and the modules that have the same source. */
const shared: Readonly<Record<string, string>> = { 'optimizer/shared-kernels': 'optimizer/kernels' }
const SHARED = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536']

const inTraining = (name: string): string => fileURLToPath(new URL(`../src/training/${name}`, import.meta.url))

/** Returns the contents of `<name>-wasm.ts`, compiled from its source: `<name>.as.ts`, unless it shares another one. */
export async function compileModule(name: string): Promise<string> {
  const file = `${shared[name] ?? name}.as.ts`
  const source = readFileSync(inTraining(file), 'utf8')
  let wasm = new Uint8Array()
  const { error, stderr } = await asc.main(
    // Relaxed SIMD is disabled, because its results may differ between processors.
    ['source.ts', '--outFile', 'out.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'].concat([
      '--importMemory',
      '--initialMemory',
      '0',
      '--lowMemoryLimit',
      '0',
      ...(name in shared ? SHARED : []),
    ]),
    {
      readFile: (path) => (path === 'source.ts' ? source : null),
      writeFile: (_path, contents) => {
        wasm = contents as Uint8Array<ArrayBuffer>
      },
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${file}: ${error.message}\n${stderr.toString()}`)
  const base64 = Buffer.from(wasm).toString('base64')
  const lines = (base64.match(/.{1,112}/g) ?? []).map((line) => `  '${line}',`)
  return [
    `/** Compiled from \`${basename(file)}\` by \`scripts/build-wasm.ts\`; ${wasm.length} bytes. */`,
    `export const ${constantOf(name)} = [`,
    ...lines,
    "].join('')",
    '',
  ].join('\n')
}

/** For example kernelsWasm. */
const constantOf = (name: string): string =>
  `${basename(name)}-wasm`.replace(/-(.)/g, (_, letter) => letter.toUpperCase())

export const committedModule = (name: string): string => readFileSync(inTraining(`${name}-wasm.ts`), 'utf8')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of modules) writeFileSync(inTraining(`${name}-wasm.ts`), await compileModule(name))
}
