import { SpanforgeError, UsageError } from '../errors.ts'
import type { ModelConfig } from '../models/architecture.ts'
import type { Engine, Precision } from '../runtime/engine.ts'
import { createEngine, ENGINE_NAMES, type EngineName, engineOfDevice } from '../runtime/engines.ts'
import { inspectMachine } from './machine.ts'
import { secondsOfStep } from './measure-engine.ts'

/** As flags and arguments say it. */
export interface EngineChoice {
  readonly engine?: EngineName | 'auto' | null
  /** `cpu` unless given. */
  readonly device?: string
  /** Whether anything is to be computed in bfloat16. */
  readonly bf16?: boolean
}

export interface ChosenEngine {
  readonly name: EngineName
  readonly engine: Engine
  /** What was chosen and why, where that was left to us. */
  readonly note?: string
}

export const ENGINE_TITLES: Readonly<Record<EngineName, string>> = {
  onnxruntime: 'ONNX Runtime',
  openvino: 'OpenVINO',
}

/**
 * The engine that was asked for. Without a name it is ONNX Runtime, whatever else is installed, so that the same
 * command gives the same bits; with bf16 or a device of OpenVINO's it is that. `auto` measures.
 * @throws UsageError for what does not go together, SpanforgeError for what is not there
 */
export async function chooseEngine(
  choice: EngineChoice,
  config: ModelConfig,
  measure = secondsOfStep,
): Promise<ChosenEngine> {
  const { engine, device = 'cpu', bf16 = false } = choice
  if (bf16) refuseProcessor(device)
  if (engine !== 'auto') {
    const name = engine ?? engineOfDevice(device) ?? (bf16 ? 'openvino' : 'onnxruntime')
    const made = await createEngine(name, device)
    if (bf16) refuseEngine(made)
    return { name, engine: made }
  }
  const precision = bf16 ? 'bfloat16' : 'float32'
  const { candidates, absent } = await available(device, precision)
  if (candidates.length === 0)
    throw new SpanforgeError(`engine auto: none computes in ${precision} on ${device}:\n  ${absent.join('\n  ')}`)
  if (candidates.length === 1) {
    const only = candidates[0]
    return { ...only, note: `Engine: ${ENGINE_TITLES[only.name]}, the only one here. ${absent.join(' ')}` }
  }
  const timed: { readonly candidate: ChosenEngine; readonly seconds: number }[] = []
  for (const candidate of candidates)
    timed.push({ candidate, seconds: await measure(candidate.engine, config, precision) })
  const [best, other] = timed.sort((a, b) => a.seconds - b.seconds) as [(typeof timed)[0], (typeof timed)[0]]
  const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(0)} ms`
  const note =
    `Engine: ${ENGINE_TITLES[best.candidate.name]}: a small step took it ${milliseconds(best.seconds)}, ` +
    `${ENGINE_TITLES[other.candidate.name]} ${milliseconds(other.seconds)}.`
  return { ...best.candidate, note }
}

/** What could compute this, and why the others cannot. */
async function available(device: string, precision: Precision) {
  const candidates: ChosenEngine[] = []
  const absent: string[] = []
  const asked = engineOfDevice(device)
  for (const name of ENGINE_NAMES.filter((name) => asked === undefined || name === asked))
    try {
      const engine = await createEngine(name, device)
      if (engine.precisions.includes(precision)) candidates.push({ name, engine })
      else absent.push(`${ENGINE_TITLES[name]} does not compute in ${precision} here.`)
    } catch (error) {
      if (!(error instanceof SpanforgeError) || error instanceof UsageError) throw error
      absent.push(error.message)
    }
  return { candidates, absent }
}

function refuseEngine({ device, precisions, lacks }: Engine): void {
  if (precisions.includes('bfloat16')) return
  throw new UsageError(`bf16: ${device} cannot compute in bfloat16: ${lacks}`, 'Leave it out and compute in float32.')
}

/** Before anybody is told to install something for bf16 that could not help. */
function refuseProcessor(device: string): void {
  const { cpu, cpu_features: has } = inspectMachine()
  if (device !== 'cpu' || process.arch !== 'x64' || has.length === 0) return
  if (has.includes('avx512_bf16') || has.includes('amx_bf16')) return
  throw new UsageError(
    `bf16: this processor (${cpu}) cannot multiply in bfloat16: it has neither AVX512_BF16 nor AMX`,
    'Leave it out and compute in float32.',
  )
}
