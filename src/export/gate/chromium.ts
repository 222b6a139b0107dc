/** Finds Playwright and Chromium, which are not packages of spanforge. */
import { existsSync } from 'node:fs'
import { SpanforgeError } from '../../errors.ts'

/** The part of Playwright that is used here. */
export interface Playwright {
  readonly chromium: {
    executablePath(): string
    launch(options: { executablePath: string; args?: readonly string[] }): Promise<PlaywrightBrowser>
  }
}
export interface PlaywrightBrowser {
  newPage(): Promise<PlaywrightPage>
  close(): Promise<void>
}
export interface PlaywrightPage {
  goto(address: string): Promise<unknown>
  close(): Promise<void>
  evaluate<Result, Given>(call: (given: Given) => Result | Promise<Result>, given: Given): Promise<Result>
}

const PACKAGES = ['playwright-core', 'playwright']

/** Where browsers are installed on Debian, macOS and Windows. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** The path of an installed Chromium or Chrome; SPANFORGE_CHROMIUM overrides it. */
export function findChromium(further: readonly string[] = []): string | undefined {
  const { SPANFORGE_CHROMIUM: given } = process.env
  if (given !== undefined) return existsSync(given) ? given : undefined
  return [...PLACES, ...further].find((place) => existsSync(place))
}

/** Starts a headless Chromium. @throws SpanforgeError if Playwright or Chromium is missing, or it cannot be started */
export async function openChromium(args: readonly string[] = []): Promise<PlaywrightBrowser> {
  const { chromium } = await importPlaywright()
  const executablePath = findChromium([chromium.executablePath()].filter(Boolean))
  if (!executablePath)
    throw new SpanforgeError('Chromium: not found', {
      remedy: 'Install Chromium, or set SPANFORGE_CHROMIUM to the path of its program.',
    })
  return await chromium.launch({ executablePath, args }).catch((cause: Error) => {
    throw new SpanforgeError(`${executablePath}: cannot be started (${cause.message.split('\n')[0]})`, {
      remedy: 'Set SPANFORGE_CHROMIUM to the path of another Chromium.',
      cause,
    })
  })
}

async function importPlaywright(): Promise<Playwright> {
  for (const name of PACKAGES) {
    const found = await import(name).catch(() => undefined)
    if (found) return found
  }
  throw new SpanforgeError('Playwright: not found', { remedy: 'Install it with: npm install playwright-core' })
}
