import { SpanforgeError } from '../../errors.ts'
import type { EngineFacts } from '../../runtime/engine-entry.ts'
import { engineEntries } from '../../runtime/registry.ts'
import type { Machine } from '../machine.ts'

/** The state of an engine, as reported by `spanforge doctor`. */
export interface EngineState {
  readonly name: string
  readonly title: string
  /** Null if it is not installed or cannot be used. */
  readonly found: EngineFacts | null
  /** The reason why the installed engine cannot be used. */
  readonly problem: string | null
  /** The command that installs it; null if it is part of spanforge. */
  readonly install: string | null
  /** Whether it supports bfloat16 on any machine. */
  readonly offers_bfloat16: boolean
}

/** The state of each engine, in the order of the registry. */
export async function engineStates(): Promise<EngineState[]> {
  const states: EngineState[] = []
  for (const entry of engineEntries()) {
    const { name, title, install, precisions } = entry
    const known = { name, title, install, offers_bfloat16: precisions.includes('bfloat16') }
    try {
      states.push({ ...known, found: (await entry.inspect()) ?? null, problem: null })
    } catch (error) {
      if (!(error instanceof SpanforgeError)) throw error
      states.push({ ...known, found: null, problem: error.message })
    }
  }
  return states
}

/** Suggests how to train faster on this machine, or explains why bfloat16 would not help. */
export function adviceOn(states: readonly EngineState[], { cpu_features: has }: Pick<Machine, 'cpu_features'>): string {
  const devices = states.flatMap(({ title, found }) => (found?.devices ?? []).map((device) => ({ title, ...device })))
  const inBfloat16 = devices.find(({ precisions }) => precisions.includes('bfloat16'))
  if (inBfloat16?.device === 'cpu')
    return `Train faster with --bf16: ${inBfloat16.title} supports bfloat16 on this machine.`
  if (inBfloat16) return `Train faster with --device ${inBfloat16.device} --bf16.`
  const accelerator = devices.find(({ device }) => device !== 'cpu')
  if (accelerator) return `Try --device ${accelerator.device} and compare the speed.`
  if (!has.includes('avx512_bf16') && !has.includes('amx_bf16'))
    return 'This processor does not support bfloat16 (AVX512_BF16 or AMX), so --bf16 would not make training faster.'
  const missing = states.find(({ offers_bfloat16, found }) => offers_bfloat16 && !found)
  if (missing?.problem)
    return `This processor supports bfloat16: with a working ${missing.title}, --bf16 trains faster.`
  if (missing) return `This processor supports bfloat16: after ${missing.install}, --bf16 trains faster.`
  return 'This processor supports bfloat16, but no engine uses it here.'
}
