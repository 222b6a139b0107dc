import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { saveAnswerSettings } from '../../src/checkpoint/answer-settings.ts'
import { SERVER_DEFAULTS, type ServerSettings } from '../../src/server/defaults.ts'
import type { AnswerResponse } from '../../src/server/http/contract.ts'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import { launchChromium } from '../chromium.ts'
import { storedConfidence } from '../stored-confidence.ts'
import { tinyFolder } from '../tiny-squad.ts'

/** Another small model. It was not trained to answer questions, so it disagrees with the tiny one. */
const embeddedFolder = join(import.meta.dirname, '../../examples/embedded/model')

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

export interface PlaygroundWorld {
  readonly server: RunningServer
  /**
   * Opens a page without the data of other tests. If options are given, it does not share data with other pages either.
   */
  open(options?: BrowserContextOptions, address?: string): Promise<Page>
  /** Declares an error of the page that the current test causes deliberately. */
  provokes(complaint: RegExp): void
  /** Asks the service directly, for comparison. */
  answers(question: string, context: string, model?: string): Promise<AnswerResponse>
}

/** A copy of a model with a stored confidence, so that its answers have percentages, unlike those of `embedded`. */
async function withConfidence(folder: string): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'spanforge-'))
  cpSync(folder, copy, { recursive: true })
  await saveAnswerSettings(copy, {
    version_2_with_negative: false,
    null_score_diff_threshold: 0,
    confidence: storedConfidence,
    max_answer_length: 30,
    max_seq_length: 64,
    doc_stride: 32,
    fitted_on: { data: 'dev.json', questions: 400 },
  })
  return copy
}

/**
 * The playground in Chromium, with a real server and two small models. A test fails if the page reported errors,
 * including policy violations, or loaded anything from other origins. `makeIndex` creates an index to serve and returns its
 * folder.
 */
export function playgroundWorld(
  tokens: readonly string[] = [],
  makeIndex?: () => Promise<string>,
  settings: Partial<ServerSettings> = {},
): PlaygroundWorld {
  const world = {} as { server: RunningServer; browser: Browser; shared: BrowserContext; storage: CDPSession }
  let folder: string | undefined
  let faults: string[] = []
  let pages: Page[] = []
  let provoked: RegExp[] = []

  beforeAll(async () => {
    const log = pino({ level: 'silent' })
    folder = await withConfidence(tinyFolder)
    const models = [`tiny=${folder}`, `embedded=${embeddedFolder}`]
    world.server = await startServer(models, {
      ...SERVER_DEFAULTS,
      ...settings,
      port: 0,
      tokens,
      log,
      index: await makeIndex?.(),
    })
    world.browser = await launchChromium()
    // Contexts open more slowly than pages, so most pages share one, and only their stored data is cleared.
    world.shared = await world.browser.newContext()
    world.storage = await world.shared.newCDPSession(await world.shared.newPage())
  })
  afterAll(async () => {
    await world.browser?.close()
    await world.server?.close()
    if (folder) rmSync(folder, { recursive: true })
  })
  afterEach(async () => {
    for (const page of pages) await (page.context() === world.shared ? page : page.context()).close()
    pages = []
    await world.storage.send('Storage.clearDataForOrigin', {
      origin: new URL(world.server.address).origin,
      storageTypes: 'all',
    })
    const found = faults.filter((fault) => !provoked.some((complaint) => complaint.test(fault)))
    faults = []
    provoked = []
    expect(found).toEqual([])
  })

  return {
    get server() {
      return world.server
    },
    async open(options, address = world.server.address) {
      const page = await (options ? await world.browser.newContext(options) : world.shared).newPage()
      pages.push(page)
      // The browser also logs responses with an error status, which the page shows to the user.
      const isRejection = (text: string) => /status of 4\d\d/.test(text)
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !isRejection(message.text())) faults.push(message.text())
      })
      page.on('request', (request) => {
        const url = request.url()
        if (!url.startsWith(world.server.address) && !/^(blob|data):/.test(url)) faults.push(`loads ${url}`)
      })
      await page.goto(address)
      return page
    },
    provokes(complaint) {
      provoked.push(complaint)
    },
    async answers(question, context, model) {
      const body = JSON.stringify({ question, context, model, top_k: 20 })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${world.server.address}api/answer`, { method: 'POST', headers, body })
      return (await response.json()) as AnswerResponse
    },
  }
}

/** Enters a text on the empty page. */
export async function giveText(page: Page, text: string): Promise<void> {
  await page.fill('textarea#text', text)
  await page.click('text=Use this text')
}

/** Asks a question, and waits until all models have finished. */
export async function ask(page: Page, question: string): Promise<void> {
  await page.fill('#question', question)
  await page.press('#question', 'Enter')
  await answered(page)
}

export async function answered(page: Page): Promise<void> {
  await page.waitForSelector('.card .judgment')
  await page.waitForFunction(
    () => !document.querySelector('progress') && !/Waiting for the model/.test(document.body.innerText),
    undefined,
    { timeout: 120_000 },
  )
}

/** Serious accessibility problems, by rule and element. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The page's policy forbids foreign scripts, but does not apply to scripts of the debugger.
  await page.evaluate(await (await import('node:fs/promises')).readFile(axe, 'utf8'))
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`))
  })
}
