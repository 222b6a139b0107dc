/** Runs exported models in a page that Node.js controls, to compare them with the model. */
import type * as Ort from 'onnxruntime-web'
import { paddedLogits } from '../../src/batching/padded-logits.ts'
import { type BrowserProvider, type GatePage, PAGE_SCRIPTS } from '../../src/export/gate/browser-page.ts'
import { threads } from '../site/runtime.ts'
import { webSession } from '../workers/web-session.ts'

export function startGate(ort: typeof Ort, provider: BrowserProvider): void {
  const { runtime } = PAGE_SCRIPTS[provider]
  const address = (ending: string) => new URL(runtime + ending, document.baseURI).href
  ort.env.wasm.wasmPaths = { mjs: address('.js'), wasm: address('.wasm') }
  ort.env.wasm.numThreads = threads()
  let session: Ort.InferenceSession | undefined
  const page: GatePage = {
    async open({ weights, external }) {
      session = await ort.InferenceSession.create(weights, {
        executionProviders: [provider],
        logSeverityLevel: 3,
        ...(external && { externalData: [external] }),
      })
    },
    async run(rows, pad_token_id) {
      const given = rows.map(({ input_ids, token_type_ids, attended }) => ({
        input_ids: Int32Array.from(input_ids),
        token_type_ids: Int32Array.from(token_type_ids),
        attended,
      }))
      const logits = await paddedLogits(webSession(ort, session!), session!.inputNames, given, pad_token_id)
      return logits.map(({ start_logits, end_logits }) => ({
        start_logits: Array.from(start_logits),
        end_logits: Array.from(end_logits),
      }))
    },
    async close() {
      await session?.release()
      session = undefined
    },
  }
  Object.assign(globalThis, { gate: page })
}
