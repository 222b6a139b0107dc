import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'

/** The resources of this machine that training can use. Memory is in bytes. */
export interface Machine {
  readonly node: string
  readonly platform: string
  readonly cpu: string
  /** Of `CPU_FEATURES`, those that this processor says it has. */
  readonly cpu_features: readonly string[]
  /** Logical, those that this process may use. */
  readonly cores: number
  /** Programs that wanted a core, mean of the last minute; 0 on Windows, which does not count. */
  readonly load: number
  readonly memory_total: number
  readonly memory_available: number
  /** Names of NVIDIA GPUs, as the Linux driver gives them. */
  readonly gpus: readonly string[]
}

/** Instruction sets that matrix products use, as Linux names them; x86 first, then Arm. */
export const CPU_FEATURES = [
  ...['avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16', 'amx_int8'],
  ...['asimd', 'asimddp', 'bf16', 'i8mm', 'sve', 'sve2'],
] as const

export function inspectMachine(): Machine {
  // 0 or absent where nothing limits the process, and larger than the memory where the limit means nothing.
  const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cpu_features: cpuFeatures(),
    cores: availableParallelism(),
    load: loadavg()[0],
    memory_total: Math.min(totalmem(), limit),
    memory_available: Math.min(freemem(), limit),
    gpus: nvidiaGpus(),
  }
}

/** A note if other programs keep a relevant number of cores busy. */
export function busyNote({ cores, load }: Pick<Machine, 'cores' | 'load'>): string | undefined {
  if (load < 0.3 * cores) return undefined
  return `other programs used ${Math.min(load, cores).toFixed(1)} of ${cores} cores; training is faster without them`
}

function cpuFeatures(): string[] {
  try {
    if (process.platform === 'linux') return featuresOfCpuinfo(readFileSync('/proc/cpuinfo', 'utf8'))
    if (process.platform === 'darwin')
      return featuresOfSysctl(execFileSync('sysctl', ['hw.optional'], { encoding: 'utf8' }))
  } catch {
    // The features are unknown.
  }
  return []
}

/** Of Linux's /proc/cpuinfo: "flags" on x86, "Features" on Arm. */
export function featuresOfCpuinfo(text: string): string[] {
  const [, flags = ''] = /^(?:flags|Features)\s*:(.*)$/m.exec(text) ?? []
  const present = new Set(flags.trim().split(/\s+/))
  return CPU_FEATURES.filter((name) => present.has(name))
}

/** macOS has names of its own: "hw.optional.avx2_0: 1", "hw.optional.arm.FEAT_BF16: 1". */
export function featuresOfSysctl(text: string): string[] {
  const names: Readonly<Record<string, string>> = {
    avx2_0: 'avx2',
    avx512f: 'avx512f',
    neon: 'asimd',
    AdvSIMD: 'asimd',
    FEAT_DotProd: 'asimddp',
    FEAT_BF16: 'bf16',
    FEAT_I8MM: 'i8mm',
  }
  const present = new Set([...text.matchAll(/^hw\.optional\.(?:arm\.)?(\w+): 1$/gm)].map(([, name]) => names[name]))
  return CPU_FEATURES.filter((name) => present.has(name))
}

function nvidiaGpus(folder = '/proc/driver/nvidia/gpus'): string[] {
  try {
    return readdirSync(folder).map((gpu) => {
      const text = readFileSync(join(folder, gpu, 'information'), 'utf8')
      return /^Model:\s*(.*)$/m.exec(text)?.[1] ?? gpu
    })
  } catch {
    return []
  }
}
