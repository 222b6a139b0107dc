/** The functions that Node.js calls in the page of `browser-runtime.ts`, which is built from `web/gate`. */
export interface GatePage {
  open(model: PageModel): Promise<void>
  run(rows: readonly PageRow[], pad_token_id: number): Promise<PageLogits[]>
  close(): Promise<void>
}

export interface PageModel {
  /** Address of the ONNX file. */
  readonly weights: string
  /** The weights outside the ONNX file: their name in it, and their address. */
  readonly external?: { readonly path: string; readonly data: string }
}

/** A `Row` as JSON. */
export interface PageRow {
  readonly input_ids: readonly number[]
  readonly token_type_ids: readonly number[]
  readonly attended: number
}

export interface PageLogits {
  readonly start_logits: readonly number[]
  readonly end_logits: readonly number[]
}

/** Names of the scripts of the page and of the runtime's files in `dist/web/site-files/runtime`, by execution provider. */
export const PAGE_SCRIPTS = {
  wasm: { script: 'gate-wasm.js', runtime: 'ort-wasm-simd-threaded' },
  webgpu: { script: 'gate-webgpu.js', runtime: 'ort-wasm-simd-threaded.asyncify' },
} as const

export type BrowserProvider = keyof typeof PAGE_SCRIPTS
