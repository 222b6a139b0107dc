import type { Row } from '../../batching/pack.ts'
import type { StoredVariant } from '../../checkpoint/onnx-folder.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'

/** A variant that a runtime has loaded. */
export interface VariantSession {
  /** Computes a batch of windows, padded to the longest. Returns one entry per row, at least as long as its tokens. */
  run(rows: readonly Row[]): Promise<WindowLogits[]>
  close(): Promise<void>
}

/** A runtime on which exported variants are compared with the model. */
export interface VariantRuntime {
  /** Name in tables and model cards, such as "Node.js" or "WASM in Chromium". */
  readonly name: string
  /**
   * Loads a variant of an exported folder, whose config.json, model card and other variants may not be written yet.
   * @throws SpanforgeError if the runtime cannot load it
   */
  open(folder: string, variant: StoredVariant): Promise<VariantSession>
  /** Ends the runtime, such as its browser. */
  close(): Promise<void>
}

/** Properties of the exported model that a runtime needs besides the files. */
export interface RuntimeFacts {
  /** The token id of padding. */
  readonly pad_token_id: number
}

/** A runtime that may be available on this machine. */
export interface RuntimeEntry {
  /** Name on the command line. */
  readonly id: string
  /** @throws SpanforgeError with the reason if it is not available */
  start(facts: RuntimeFacts): Promise<VariantRuntime>
}
