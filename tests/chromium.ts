import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'
import { findChromium } from '../src/export/gate/chromium.ts'

const executablePath = findChromium()

/** Like `describe`. Without Chromium, the tests are skipped with a message, or fail if SPANFORGE_REQUIRE_CHROMIUM is set. */
export function describeChromium(name: string, body: () => void): void {
  if (!executablePath && process.env.SPANFORGE_REQUIRE_CHROMIUM)
    throw new Error(`${name}: needs Chromium, and SPANFORGE_REQUIRE_CHROMIUM is set`)
  if (!executablePath) console.warn(`SKIPPED (needs Chromium: install it or set SPANFORGE_CHROMIUM): ${name}`)
  describe.skipIf(!executablePath)(name, body)
}

/**
 * Chromium loads two pages of its own for the address bar of each window, which takes longer than opening the page under
 * test. A second list of disabled features replaces that of Playwright, so the relevant ones of that list are here too.
 */
const DISABLED_FEATURES = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AimEnabled',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
]

/** What a page waits for arrives within seconds, or later on a busy machine. */
const TIMEOUT = 120_000

/** Chromium's sandbox does not work in containers. It is safe to disable because the tests open only our own pages. */
export async function launchChromium(args: readonly string[] = []): Promise<Browser> {
  const features = `--disable-features=${DISABLED_FEATURES.join()}`
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', features, ...args] })
  browser.on('context', (context) => context.setDefaultTimeout(TIMEOUT))
  return browser
}

/** Arguments for a software graphics adapter, which is slow but computes the same numbers as a real one. */
export const SOFTWARE_WEBGPU = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--ignore-gpu-blocklist',
]
