import { SpanforgeError } from '../errors.ts'
import type { OpenVinoFacts } from '../runtime/openvino/index.ts'
import type { Machine } from './machine.ts'

/** What `spanforge doctor` says of the second engine. */
export interface OpenVinoState {
  readonly found: OpenVinoFacts | null
  /** Why what was found cannot be used. */
  readonly problem: string | null
  /** What would make training faster here, or why nothing of OpenVINO would. */
  readonly advice: string
}

export async function openvinoState(machine: Machine): Promise<OpenVinoState> {
  const { INSTALL_OPENVINO, inspectOpenVino } = await import('../runtime/openvino/index.ts')
  const inspect = (): Omit<OpenVinoState, 'advice'> => {
    try {
      return { found: inspectOpenVino() ?? null, problem: null }
    } catch (error) {
      if (!(error instanceof SpanforgeError)) throw error
      return { found: null, problem: error.message }
    }
  }
  const state = inspect()
  return { ...state, advice: adviceOn(state, machine, INSTALL_OPENVINO) }
}

export function adviceOn(
  { found, problem }: Omit<OpenVinoState, 'advice'>,
  { cpu_features: has }: Pick<Machine, 'cpu_features'>,
  install: string,
): string {
  if (found?.devices.some(({ bf16 }) => bf16)) return 'Train faster with --bf16: OpenVINO multiplies in bfloat16 here.'
  const gpu = found?.devices.find(({ name }) => name.startsWith('GPU'))
  if (gpu) return `Try --device openvino:${gpu.name}, and compare.`
  if (!has.includes('avx512_bf16') && !has.includes('amx_bf16'))
    return 'This processor has no bfloat16 (AVX512_BF16 or AMX): OpenVINO would not make training faster in --bf16.'
  if (problem) return 'This processor has bfloat16: with a working OpenVINO, --bf16 trains faster.'
  return found
    ? 'This processor has bfloat16, but OpenVINO does not use it here.'
    : `This processor has bfloat16: after ${install}, --bf16 trains faster.`
}
