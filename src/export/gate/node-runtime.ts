import { join } from 'node:path'
import { PADDED_SIGNATURE, paddedLogits } from '../../batching/padded-logits.ts'
import { defaultEngine } from '../../runtime/registry.ts'
import type { RuntimeEntry } from './runtime.ts'

/** ONNX Runtime for Node.js, which is always available. */
export const nodeRuntime: RuntimeEntry = {
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
