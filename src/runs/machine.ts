import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'

/** The resources of this machine that training can use. Memory is in bytes. */
export interface Machine {
  readonly node: string
  readonly platform: string
  readonly cpu: string
  /** Those of `CPU_FEATURES` that this processor has. */
  readonly cpu_features: readonly string[]
  /** Number of logical cores that this process can use. */
  readonly cores: number
  /** Load average of the last minute; 0 on Windows, which does not report it. */
  readonly load: number
  readonly memory_total: number
  readonly memory_available: number
  /** Names of NVIDIA GPUs, as reported by the Linux driver. */
  readonly gpus: readonly string[]
}

/** Instruction sets for matrix products with their Linux names, first those of x86, then those of Arm. */
export const CPU_FEATURES = [
  ...['avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16', 'amx_int8'],
  ...['asimd', 'asimddp', 'bf16', 'i8mm', 'sve', 'sve2'],
] as const

/** Whether an x86 processor multiplies bfloat16. */
export const hasBfloat16 = ({ cpu_features }: Pick<Machine, 'cpu_features'>): boolean =>
  cpu_features.includes('avx512_bf16') || cpu_features.includes('amx_bf16')

export function inspectMachine(): Machine {
  // 0 or missing without a limit, and larger than the memory if the limit has no effect.
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

/** Returns a note if other programs use a relevant part of the cores. */
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

/** Parses the features in Linux's /proc/cpuinfo, which are called "flags" on x86 and "Features" on Arm. */
export function featuresOfCpuinfo(text: string): string[] {
  const [, flags = ''] = /^(?:flags|Features)\s*:(.*)$/m.exec(text) ?? []
  const present = new Set(flags.trim().split(/\s+/))
  return CPU_FEATURES.filter((name) => present.has(name))
}

/** Parses the features reported by macOS, which have different names, for example "hw.optional.arm.FEAT_BF16: 1". */
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
