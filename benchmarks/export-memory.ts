/** Measures the peak resident memory of exports with the built program, and compares it with the limit. See README.md. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { EXPORT_DTYPES } from '../src/checkpoint/onnx-folder.ts'
import type { ExportOutcome } from '../src/export/export-model.ts'
import { packageFile } from '../src/package-root.ts'

interface Options {
  readonly data?: string
  readonly questions: string
  readonly dtype?: string[]
  readonly runtime: string
}

const MEASURED_EVERY_MS = 20
/** All dtypes in one export. */
const ALL = 'all'
const MB = 1e6

/** Peak resident memory may be 1.3 times that of the float32 weights, and 300 MB. */
const limitOf = (weights: number): number => 1.3 * weights + 300 * MB

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A number of bytes in a file of /proc, or 0 if the process has ended. */
function bytesIn(path: string, field: string): number {
  const [, kibibytes = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(path)) ?? []
  return Number(kibibytes) * 1024
}

/** The memory of all processes that a process has started, with shared pages counted once. */
function childrenBytes(pid: number): number {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : []
  const children = threads.flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean))
  return children
    .map(Number)
    .reduce((sum, child) => sum + bytesIn(`/proc/${child}/smaps_rollup`, 'Pss') + childrenBytes(child), 0)
}

interface Peak {
  readonly weights: number
  readonly node: number
  readonly browser: number
}

/** Exports a model in a process of its own. */
async function exportOnce(model: string, dtypes: string, { data, questions, runtime }: Options): Promise<Peak> {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  try {
    const args = ['--to', 'onnx', '--dtype', dtypes, '--runtime', runtime, '--output_dir', join(folder, 'exported')]
    const asked = data ? ['--validation_file', data, '--max_eval_samples', questions] : []
    const program = packageFile('dist/cli/main.js')
    const child = spawn(process.execPath, [program, 'export', model, ...args, ...asked, '--force', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let [output, node, browser] = ['', 0, 0]
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const timer = setInterval(() => {
      node = Math.max(node, bytesIn(`/proc/${child.pid}/status`, 'VmHWM'))
      if (runtime !== 'node') browser = Math.max(browser, childrenBytes(child.pid!))
    }, MEASURED_EVERY_MS)
    const code = await new Promise<number | null>((done) => child.on('close', done))
    clearInterval(timer)
    if (code !== 0) throw new Error(`the export of ${dtypes} failed with exit code ${code}`)
    const [{ bytes, share }] = (JSON.parse(output) as ExportOutcome).variants
    return { weights: bytes / share, node, browser }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measure(model: string, options: Options): Promise<void> {
  const { dtype = [...EXPORT_DTYPES, ALL], runtime } = options
  console.log('| dtype | weights, MB | limit, MB | Node.js, MB | browser, MB |\n|---|---|---|---|---|')
  for (const dtypes of dtype) {
    const named = dtypes === ALL ? EXPORT_DTYPES.join(',') : dtypes
    const { weights, node, browser } = await exportOnce(model, named, options)
    const limit = limitOf(weights)
    const figures = [weights, limit, node].map((bytes) => (bytes / MB).toFixed(0))
    const cells = [dtypes, ...figures, runtime === 'node' ? '-' : (browser / MB).toFixed(0)]
    console.log(`| ${cells.join(' | ')} |`)
    if (node > limit) process.exitCode = 1
  }
}

await new Command('export-memory')
  .argument('<model>', 'model folder')
  .option('--data <file>', 'data file with questions (default: compare fp32 and fp16 without questions)')
  .option('--questions <integer>', 'maximum number of questions', '8')
  .option(
    '--dtype <names...>',
    'dtypes of each export, separated by commas, or all (default: each on its own, and all)',
  )
  .option('--runtime <names>', 'runtimes of the comparison', 'node')
  .action(measure)
  .parseAsync()
