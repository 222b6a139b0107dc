/**
 * Builds the parts of an exported site that are not pages: the workers, the answer box, the runtime and the licenses;
 * and the scripts that run exported models in a browser for comparison.
 * Run by setup.mjs after the pages.
 *
 *     node scripts/build-site.mjs DIST/web
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (...path) => join(root, ...path)
const [target] = process.argv.slice(2)
const site = join(target, 'site-files')
mkdirSync(join(site, 'runtime'), { recursive: true })

const shared = {
  bundle: true,
  minify: true,
  target: 'es2022',
  // The loader and the code of ONNX Runtime remain separate files, which are not fetched from elsewhere.
  conditions: ['onnxruntime-web-use-extern-wasm'],
  logLevel: 'warning',
}
await Promise.all([
  build({
    ...shared,
    entryPoints: ['reader-wasm', 'reader-webgpu', 'search'].map((name) => at(`web/workers/${name}.ts`)),
    outdir: site,
    format: 'esm',
  }),
  build({
    ...shared,
    entryPoints: ['gate-wasm', 'gate-webgpu'].map((name) => at(`web/gate/${name}.ts`)),
    outdir: join(target, 'gate'),
    format: 'esm',
  }),
  build({ ...shared, entryPoints: [at('web/answer-box/answer-box.ts')], outdir: site, format: 'esm' }),
  build({ ...shared, entryPoints: [at('web/workers/service-worker.ts')], outdir: site, format: 'iife' }),
  ...['ort-wasm-simd-threaded', 'ort-wasm-simd-threaded.asyncify'].map(copyRuntime),
  writeCode('sqlite3', readFileSync(at('node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm'))),
])
copyFileSync(at('web/site/start-notice.js'), join(site, 'start-notice.js'))
writeFileSync(
  join(site, 'licenses.txt'),
  licenses(['preact', '@preact/signals', '@preact/signals-core', 'marked', 'pdfjs-dist']),
)

/** Copies a build of ONNX Runtime. The loader is a .js file, because some hosts do not deliver .mjs files as JavaScript. */
async function copyRuntime(name) {
  const file = (ending) => readFileSync(at('node_modules/onnxruntime-web/dist', name + ending))
  writeFileSync(join(site, 'runtime', `${name}.js`), file('.mjs'))
  await writeCode(name, file('.wasm'))
}

/** Writes WebAssembly code compressed to less than half of its size, whether the host of a site compresses files or not. */
async function writeCode(name, code) {
  writeFileSync(join(site, 'runtime', `${name}.wasm.bin`), await promisify(gzip)(code, { level: 9 }))
}

/** The licenses of all packages in a site. */
function licenses(names) {
  const parts = names.map((name) => {
    const folder = at('node_modules', name)
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (!existsSync(join(folder, 'LICENSE'))) throw new Error(`${name} has no LICENSE file`)
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`
  })
  const own = `spanforge (Apache-2.0)\n\n${readFileSync(at('LICENSE'), 'utf8').trim()}\n`
  return [own, runtimeLicense(), searchLicense(), ...parts].join(`\n${'-'.repeat(72)}\n\n`)
}

/** The package of ONNX Runtime Web contains no license file. */
function runtimeLicense() {
  const { version } = JSON.parse(readFileSync(at('node_modules/onnxruntime-web/package.json'), 'utf8'))
  const notices = `https://github.com/microsoft/onnxruntime/blob/v${version}/ThirdPartyNotices.txt`
  return `onnxruntime-web ${version} (MIT)\n\n${readFileSync(at('web/site/onnxruntime-license.txt'), 'utf8')}
The third-party components of ONNX Runtime and their licenses are listed at
${notices}\n`
}

/** The package of SQLite contains no license file either. */
function searchLicense() {
  const { version } = JSON.parse(readFileSync(at('node_modules/@sqlite.org/sqlite-wasm/package.json'), 'utf8'))
  return `@sqlite.org/sqlite-wasm ${version} (Apache-2.0)

Licensed under the Apache License 2.0, whose text is at the beginning of this file.
SQLite itself is in the public domain: https://sqlite.org/copyright.html\n`
}
