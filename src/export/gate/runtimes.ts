import { join } from 'node:path'
import { PADDED_SIGNATURE, paddedLogits } from '../../batching/padded-logits.ts'
import { UsageError } from '../../errors.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import { showValue } from '../../show-value.ts'
import { wasmRuntime, webGpuRuntime } from './browser-runtime.ts'
import type { RuntimeEntry } from './runtime.ts'

/** ONNX Runtime for Node.js, which is always available. */
const nodeRuntime: RuntimeEntry = {
  id: 'node',
  start: async ({ pad_token_id }) => ({
    name: 'Node.js',
    async open(folder, { file }) {
      const session = await defaultEngine.open!(join(folder, file), PADDED_SIGNATURE)
      return {
        run: (rows) => paddedLogits(session, session.inputs, rows, pad_token_id),
        close: () => session.release(),
      }
    },
    close: async () => {},
  }),
}

/** The runtimes on which variants can be compared, in the order of tables. */
export const GATE_RUNTIMES: readonly RuntimeEntry[] = [nodeRuntime, wasmRuntime, webGpuRuntime]

/** @throws UsageError for an unknown runtime */
export function gateRuntime(id: string): RuntimeEntry {
  const found = GATE_RUNTIMES.find((entry) => entry.id === id)
  if (found) return found
  const known = GATE_RUNTIMES.map((entry) => entry.id).join(', ')
  throw new UsageError(`runtime: unknown runtime ${showValue(id)}`, `Available runtimes: ${known}.`)
}
