import { canUseWebGpu, type RuntimeName, type SiteManifest } from '../../src/site/manifest.ts'

/** How this browser runs the models. */
export interface BrowserRuntime {
  readonly name: RuntimeName
  readonly threads: number
  /** Name for users, such as "WebAssembly, 4 threads". */
  readonly label: string
  /** Explains to users why answers take longer than they could. */
  readonly note?: string
}

/** More threads make small models slower. */
const MAX_THREADS = 8

/** The part of WebGPU that is used here. */
interface Gpu {
  requestAdapter(): Promise<Adapter | null>
}
interface Adapter {
  readonly features: ReadonlySet<string>
  readonly info?: { readonly isFallbackAdapter?: boolean }
  readonly isFallbackAdapter?: boolean
}

/**
 * Chooses WebGPU if there is a graphics adapter that can run all models, otherwise WebAssembly. `?device=wasm` and
 * `?device=webgpu` in the page's address override this.
 */
export async function chooseRuntime({ models }: SiteManifest): Promise<BrowserRuntime> {
  const wanted = new URLSearchParams(location.search).get('device')
  if (wanted === 'wasm') return inWebAssembly()
  const adapter = await findAdapter(wanted === 'webgpu')
  if (adapter && (wanted === 'webgpu' || canUseWebGpu(models, adapter.features.has('shader-f16'))))
    return { name: 'webgpu', threads: threads(), label: 'WebGPU' }
  const why = wanted === 'webgpu' ? 'This browser has no WebGPU adapter.' : undefined
  return inWebAssembly(why)
}

export const inWebAssembly = (why?: string): BrowserRuntime => {
  const count = threads()
  const isLimited = count === 1 && navigator.hardwareConcurrency > 1
  const note = [why, isLimited ? whyOneThread() : undefined].filter(Boolean).join(' ')
  const label = count === 1 ? 'WebAssembly, 1 thread' : `WebAssembly, ${count} threads`
  return { name: 'wasm', threads: count, label, note: note || undefined }
}

export function threads(): number {
  return crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1
}

const whyOneThread = (): string =>
  isSecureContext
    ? 'The browser allows this page only one thread, so answers take longer.'
    : 'This page was not loaded over HTTPS, so the browser allows only one thread, and answers take longer.'

/** Software adapters are slower than WebAssembly and are used only if `acceptsSoftware` is set. */
async function findAdapter(acceptsSoftware: boolean): Promise<Adapter | undefined> {
  const { gpu } = navigator as unknown as { readonly gpu?: Gpu }
  const adapter = await gpu?.requestAdapter().catch(() => null)
  if (!adapter) return undefined
  const isSoftware = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false
  return isSoftware && !acceptsSoftware ? undefined : adapter
}
