import { readFileSync } from 'node:fs'

/** The instruction sets that decide about the speed of matrix products. */
const INSTRUCTIONS = ['avx2', 'avx512f', 'avx512_bf16', 'amx_bf16'] as const

/** Lists those of this processor. */
export function processorInstructions(): string {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? []
  return INSTRUCTIONS.map((name) => `${flags.includes(name) ? '' : 'no '}${name}`).join(', ')
}

/** Variables of oneDNN (in spanforge, and in torch under both names), and of torch's own code and MKL, by set. */
export const SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AVX512_CORE_AMX: limits('AVX512_CORE_AMX'),
  AVX512_CORE_BF16: limits('AVX512_CORE_BF16'),
  AVX512_CORE: limits('AVX512_CORE'),
  AVX2: { ...limits('AVX2'), ATEN_CPU_CAPABILITY: 'avx2', MKL_ENABLE_INSTRUCTIONS: 'AVX2' },
}

function limits(set: string) {
  return { ONEDNN_MAX_CPU_ISA: set, DNNL_MAX_CPU_ISA: set }
}

/** Limits oneDNN and torch, also in processes started later. */
export function limitInstructions(set: string): void {
  Object.assign(process.env, SETS[set])
}
