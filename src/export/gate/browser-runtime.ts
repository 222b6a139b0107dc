/** ONNX Runtime Web in a headless Chromium, as a site or transformers.js would run it. */
import { basename } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import type { BrowserProvider, GatePage } from './browser-page.ts'
import { openChromium, type PlaywrightBrowser, type PlaywrightPage } from './chromium.ts'
import { type PageServer, startPageServer } from './page-server.ts'
import type { RuntimeEntry, RuntimeFacts, VariantRuntime } from './runtime.ts'

export interface BrowserRuntimeOptions {
  readonly provider: BrowserProvider
  /** Command-line arguments of Chromium. */
  readonly args?: readonly string[]
  /** Accept a software graphics adapter, which is far slower than WebAssembly (default: false). */
  readonly acceptsSoftware?: boolean
}

const NAMES: Readonly<Record<BrowserProvider, string>> = { wasm: 'WASM in Chromium', webgpu: 'WebGPU in Chromium' }

export const browserRuntime = (options: BrowserRuntimeOptions): RuntimeEntry => ({
  id: options.provider,
  start: (facts) => startBrowser(options, facts),
})

export const wasmRuntime = browserRuntime({ provider: 'wasm' })

/** Headless browsers offer graphics adapters only on request. */
export const webGpuRuntime = browserRuntime({
  provider: 'webgpu',
  args: ['--enable-unsafe-webgpu', ...(process.platform === 'linux' ? ['--enable-features=Vulkan'] : [])],
})

async function startBrowser(
  { provider, args, acceptsSoftware = false }: BrowserRuntimeOptions,
  { pad_token_id }: RuntimeFacts,
): Promise<VariantRuntime> {
  const browser = await openChromium(args)
  let server: PageServer | undefined
  const close = async () => {
    await browser.close()
    await server?.close()
  }
  try {
    server = await startPageServer(provider)
    if (provider === 'webgpu') await requireAdapter(browser, server, acceptsSoftware)
  } catch (error) {
    await close()
    throw error
  }
  const { address, serve } = server
  return {
    name: NAMES[provider],
    async open(folder, variant) {
      const served = serve(folder, variant)
      // A page of its own, because the memory of WebAssembly never shrinks.
      const page = await openPage(browser, address)
      const external = variant.external_data && {
        path: basename(variant.external_data),
        data: served(variant.external_data),
      }
      const model = { weights: served(variant.file), ...(external && { external }) }
      await page
        .evaluate((model) => gate.open(model), model)
        .catch(async (cause: Error) => {
          await page.close()
          throw new SpanforgeError(`${variant.file}: ${NAMES[provider]} cannot load it (${firstLine(cause)})`, {
            cause,
          })
        })
      return {
        run: async (rows) => {
          const given = rows.map(({ input_ids, token_type_ids, attended }) => ({
            input_ids: Array.from(input_ids),
            token_type_ids: Array.from(token_type_ids),
            attended,
          }))
          const logits = await page
            .evaluate(({ given, pad_token_id }) => gate.run(given, pad_token_id), { given, pad_token_id })
            .catch((cause: Error) => {
              throw new SpanforgeError(`${variant.file}: ${NAMES[provider]} failed (${firstLine(cause)})`, { cause })
            })
          return logits.map(({ start_logits, end_logits }) => ({
            start_logits: Float32Array.from(start_logits),
            end_logits: Float32Array.from(end_logits),
          }))
        },
        close: () => page.close(),
      }
    },
    close,
  }
}

/** The object that the script of the page defines. */
declare const gate: GatePage

async function openPage(browser: PlaywrightBrowser, address: string): Promise<PlaywrightPage> {
  const page = await browser.newPage()
  await page.goto(address)
  return page
}

const OTHER_RUNTIMES = 'Use a machine with a GPU, or the runtimes node and wasm.'

/** @throws SpanforgeError if the browser has no suitable graphics adapter */
async function requireAdapter(browser: PlaywrightBrowser, { address }: PageServer, acceptsSoftware: boolean) {
  const page = await openPage(browser, address)
  const found = await page.evaluate(async () => {
    const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<Adapter | null> } }
    const adapter = await gpu?.requestAdapter()
    if (!adapter) return undefined
    return { isSoftware: adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false }
  }, undefined)
  await page.close()
  if (!found) throw new SpanforgeError('WebGPU: Chromium finds no graphics adapter', { remedy: OTHER_RUNTIMES })
  if (found.isSoftware && !acceptsSoftware)
    throw new SpanforgeError('WebGPU: Chromium has only a graphics adapter in software, which is too slow', {
      remedy: OTHER_RUNTIMES,
    })
}

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean }
  readonly isFallbackAdapter?: boolean
}

const firstLine = ({ message }: Error): string => message.replace(/^page\.evaluate: /, '').split('\n')[0]
