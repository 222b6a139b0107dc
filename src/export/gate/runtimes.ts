import { UsageError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { wasmRuntime, webGpuRuntime } from './browser-runtime.ts'
import { nodeRuntime } from './node-runtime.ts'
import type { RuntimeEntry } from './runtime.ts'

/** The runtimes on which variants can be compared, in the order of tables. */
export const GATE_RUNTIMES: readonly RuntimeEntry[] = [nodeRuntime, wasmRuntime, webGpuRuntime]

/** @throws UsageError for an unknown runtime */
export function gateRuntime(id: string): RuntimeEntry {
  const found = GATE_RUNTIMES.find((entry) => entry.id === id)
  if (found) return found
  const known = GATE_RUNTIMES.map((entry) => entry.id).join(', ')
  throw new UsageError(`runtime: unknown runtime ${showValue(id)}`, `Available runtimes: ${known}.`)
}
