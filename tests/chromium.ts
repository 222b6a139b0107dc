import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'

/** Overridden by SPANFORGE_CHROMIUM. */
const places = [
  process.env.SPANFORGE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]
const executablePath = places.find((place) => place !== undefined && existsSync(place))

/** Like `describe`. Without Chromium, the tests are skipped with a message, or fail if SPANFORGE_REQUIRE_CHROMIUM is set. */
export function describeChromium(name: string, body: () => void): void {
  if (!executablePath && process.env.SPANFORGE_REQUIRE_CHROMIUM)
    throw new Error(`${name}: needs Chromium, and SPANFORGE_REQUIRE_CHROMIUM is set`)
  if (!executablePath) console.warn(`SKIPPED (needs Chromium: install it or set SPANFORGE_CHROMIUM): ${name}`)
  describe.skipIf(!executablePath)(name, body)
}

/** Chromium's sandbox does not work in containers. It is safe to disable because the tests open only our own pages. */
export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath, args: ['--no-sandbox'] })
