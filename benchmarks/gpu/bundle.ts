/**
 * Writes an archive that measures training and evaluation on a graphics card of a Linux machine (x64) on which nothing is
 * installed: Node.js, ONNX Runtime, this package and the windows of a dataset. Usage:
 *
 *     npx tsx benchmarks/gpu/bundle.ts TRAIN_FILE TOKENIZER_FOLDER --out gpu.tar.xz
 *
 * On the other machine:
 *
 *     tar xf gpu.tar.xz && gpu/run.sh --out results.json
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { SpanforgeError } from '../../src/errors.ts'
import { packageFile } from '../../src/package-root.ts'
import { readDataset } from '../speed/data.ts'
import { encodeWindows } from './windows.ts'

/** Many machines with a graphics card have its driver without the loader of Vulkan. */
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/chromium/libvulkan.so.1']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'gpu.tar.xz' },
    questions: { type: 'string', default: '3000' },
    vulkan: { type: 'string', default: LOADERS.find(existsSync) ?? '' },
  },
})
const [train_file, tokenizer] = positionals
if (!tokenizer) throw new SpanforgeError('usage: bundle.ts TRAIN_FILE TOKENIZER_FOLDER [--out FILE] [--vulkan LIBRARY]')

const work = mkdtempSync(join(tmpdir(), 'spanforge-gpu-'))
try {
  const folder = join(work, 'gpu')
  mkdirSync(folder)
  await compile(folder)
  copyRuntime(folder)
  const { windows } = await readDataset(train_file, tokenizer, Number(values.questions))
  writeFileSync(join(folder, 'windows.bin'), encodeWindows(windows))
  execFileSync('tar', ['-C', work, '-c', '-J', '-f', values.out, 'gpu'], { env: { ...process.env, XZ_OPT: '-T0' } })
  const megabytes = statSync(values.out).size / 2 ** 20
  console.log(`${values.out}: ${windows.length} windows, ${megabytes.toFixed(1)} MiB`)
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** The measurement and the thread of the device, each in one file. */
async function compile(folder: string): Promise<void> {
  await build({
    entryPoints: {
      measure: packageFile('benchmarks/gpu/measure.ts'),
      'webgpu-worker': packageFile('src/runtime/webgpu/webgpu-worker.ts'),
    },
    ...{
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outdir: folder,
      outExtension: { '.js': '.mjs' },
    },
    external: ['onnxruntime-node', 'koffi'],
    // Packages in CommonJS call require.
    banner: { js: "import { createRequire as _create } from 'node:module'; const require = _create(import.meta.url);" },
    logLevel: 'error',
  })
}

function copyRuntime(folder: string): void {
  copyFileSync(process.execPath, join(folder, 'node'))
  execFileSync('strip', [join(folder, 'node')])
  const modules = join(folder, 'node_modules')
  const root = (name: string) => packageFile(join('node_modules', name))
  const others = /bin\/napi-v6\/(darwin|win32|linux\/arm64)|\.map$/
  cpSync(root('onnxruntime-node'), join(modules, 'onnxruntime-node'), {
    recursive: true,
    filter: (path) => !others.test(path),
  })
  cpSync(root('onnxruntime-common'), join(modules, 'onnxruntime-common'), {
    recursive: true,
    filter: (path) => !/\.map$/.test(path),
  })
  for (const name of ['koffi', '@koromix/koffi-linux-x64']) cpSync(root(name), join(modules, name), { recursive: true })
  if (values.vulkan) {
    mkdirSync(join(folder, 'lib'))
    copyFileSync(values.vulkan, join(folder, 'lib/libvulkan.so.1'))
  }
  copyFileSync(packageFile('benchmarks/gpu/time_torch.py'), join(folder, 'time_torch.py'))
  copyFileSync(packageFile('benchmarks/gpu/run.sh'), join(folder, 'run.sh'))
  chmodSync(join(folder, 'run.sh'), 0o755)
}
