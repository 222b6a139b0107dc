import { SpanforgeError } from '../../errors.ts'
import type { EngineFacts } from '../../runtime/engine-entry.ts'
import { engineEntries } from '../../runtime/registry.ts'
import { hasBfloat16, type Machine } from '../machine.ts'

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
  /** How many times as fast it trains in bfloat16 as the default engine in float32, if that was measured. */
  readonly bfloat16_speedup: number | null
}

/** The state of each engine, in the order of the registry. */
export async function engineStates(): Promise<EngineState[]> {
  const states: EngineState[] = []
  for (const entry of engineEntries()) {
    const { name, title, install, precisions, bfloat16_speedup = null } = entry
    const known = { name, title, install, offers_bfloat16: precisions.includes('bfloat16'), bfloat16_speedup }
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
export function adviceOn(states: readonly EngineState[], machine: Pick<Machine, 'cpu_features'>): string {
  const devices = states.flatMap((state) => (state.found?.devices ?? []).map((device) => ({ state, ...device })))
  const inBfloat16 = devices.filter(({ precisions }) => precisions.includes('bfloat16'))
  const fastest = inBfloat16
    .filter(({ device }) => device === 'cpu')
    .map(({ state }) => state)
    .sort(bySpeed)[0]
  if (fastest) {
    const faster = states.filter((state) => isMissing(state) && bySpeed(state, fastest) < 0).sort(bySpeed)[0]
    const better = faster ? ` After ${faster.install}, it trains faster still${timesAsFast(faster)}.` : ''
    return `Train faster with --bf16: ${fastest.title} supports bfloat16 on this machine${timesAsFast(fastest)}.${better}`
  }
  if (inBfloat16.length > 0) return `Train faster with --device ${inBfloat16[0].device} --bf16.`
  const accelerator = devices.find(({ device, is_software }) => device !== 'cpu' && !is_software)
  const half = accelerator?.precisions.includes('float16') ? ' --fp16' : ''
  if (accelerator) return `Try --device ${accelerator.device}${half} and compare the speed.`
  if (!hasBfloat16(machine))
    return 'This processor does not support bfloat16 (AVX512_BF16 or AMX), so --bf16 would not make training faster.'
  const [missing] = states.filter(isMissing).sort(bySpeed)
  if (missing)
    return `This processor supports bfloat16: after ${missing.install}, --bf16 trains faster${timesAsFast(missing)}.`
  const broken = states.find(({ offers_bfloat16, problem }) => offers_bfloat16 && problem !== null)
  if (broken) return `This processor supports bfloat16: with a working ${broken.title}, --bf16 trains faster.`
  return 'This processor supports bfloat16, but no engine uses it here.'
}

const isMissing = ({ offers_bfloat16, found, problem }: EngineState): boolean =>
  offers_bfloat16 && !found && problem === null

const bySpeed = (a: EngineState, b: EngineState): number => (b.bfloat16_speedup ?? 0) - (a.bfloat16_speedup ?? 0)

const timesAsFast = ({ bfloat16_speedup: times }: EngineState): string =>
  times === null ? '' : ` (about ${times} times as fast as float32)`
