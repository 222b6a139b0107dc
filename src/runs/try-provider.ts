import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ProviderTrial } from './provider-trial.ts'

/** Something that ONNX Runtime can compute on, and how it went here. */
export interface ProviderState {
  readonly name: string
  readonly works: boolean
  /** Why not, in words; null where it works. */
  readonly reason: string | null
  /** What it computes on, by the names that its driver gives; empty where that cannot be known. */
  readonly devices: readonly string[]
}

const require = createRequire(import.meta.url)
const ortFolder = dirname(dirname(require.resolve('onnxruntime-node')))

/** The one command that installs what ONNX Runtime needs for CUDA and does not bring along, from the project's folder. */
export const CUDA_INSTALL = 'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12'

/** Long for a driver that has to start and to compile its first program; a trial takes about a second. */
const PATIENCE_MS = 60_000

/**
 * Multiplies two small matrices on a provider, in a process of its own: a driver that fails may take its process along.
 * A result counts only if the provider computed it itself and it is right.
 */
export async function tryProvider(name: string, patience = PATIENCE_MS): Promise<ProviderState> {
  const missing = missingFor(name)
  if (missing) return { name, works: false, reason: missing, devices: [] }
  const extension = extname(import.meta.url)
  const script = fileURLToPath(new URL(`./provider-trial${extension}`, import.meta.url))
  const loader = extension === '.ts' ? ['--import', require.resolve('tsx')] : []
  const child = spawn(process.execPath, [...loader, script, name], { stdio: ['ignore', 'pipe', 'ignore'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), patience)
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_, signal) => resolve(signal))
  })
  const [said, signal] = await Promise.all([text(child.stdout), ended])
  clearTimeout(timer)
  const trial = lastDocument(said)
  if (trial) return { name, ...trial }
  const reason = signal === 'SIGKILL' ? `no answer in ${patience / 1000} seconds` : `its process ended with ${signal}`
  return { name, works: false, reason, devices: [] }
}

/** What is known without a trial: CUDA's library is no part of the package. */
function missingFor(name: string): string | null {
  if (name !== 'cuda') return null
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'ONNX Runtime for Node has it on Linux x64 only'
  const library = join(ortFolder, 'bin/napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so')
  return existsSync(library) ? null : `not installed; with an NVIDIA GPU and CUDA 12: ${CUDA_INSTALL}`
}

/** Drivers may write to the standard output too: the trial's own line comes last. */
function lastDocument(said: string): ProviderTrial | undefined {
  try {
    return JSON.parse(said.trim().split('\n').at(-1)!)
  } catch {
    return undefined
  }
}
