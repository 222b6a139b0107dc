import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/checkpoint/tokenizer-folder.ts'
import { searchDocuments } from '../../src/inference/pipeline.ts'
import { loadPretrained } from '../../src/inference/pretrained.ts'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import type { ExportedSite } from '../../src/site/export-site.ts'
import { parseSquad } from '../../src/squad/reading/squad-json.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { describeShared, shared } from '../shared.ts'
import { thoroughOr } from '../thorough.ts'
import { tinyText } from '../tiny-service.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { answered, ask, giveText, seriousFaults } from './playground-world.ts'
import {
  type FileHost,
  type FileHostOptions,
  fileHost,
  keptFiles,
  localStatus,
  untilKept,
  watch,
} from './site-world.ts'

const embeddedFolder = join(import.meta.dirname, '../../examples/embedded/model')
const context = 'in ka 👍🏽 eve, bo is in ro. li was in the den, and una in the pit by the sea.'
const question = 'who is in ro?'

describeChromium('an exported site', () => {
  const world = {} as { folder: string; site: ExportedSite; browser: Browser }
  let opened: { host: FileHost; context: BrowserContext }[] = []
  let faults: string[] = []

  beforeAll(async () => {
    world.folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    world.site = await exportSiteOf([`tiny=${tinyFolder}`, `embedded=${embeddedFolder}`], {
      output_dir: join(world.folder, 'site'),
      dtypes: ['fp32'],
    })
    world.browser = await launchChromium()
  })
  afterAll(async () => {
    await world.browser?.close()
    rmSync(world.folder, { recursive: true, force: true })
  })
  afterEach(async () => {
    for (const { host, context } of opened) await Promise.all([context.close(), host.close().catch(() => {})])
    opened = []
    const found = faults
    faults = []
    expect(found).toEqual([])
  })

  /** Opens the site on a host and in a browser of its own. */
  async function open(options: FileHostOptions & { folder?: string; query?: string; size?: [number, number] } = {}) {
    const { folder = world.site.folder, query = '', size: [width, height] = [1280, 800], ...rest } = options
    const host = await fileHost(folder, rest)
    const context = await world.browser.newContext({ viewport: { width, height } })
    opened.push({ host, context })
    faults = watch(context, [host.address])
    const page = await context.newPage()
    await page.goto(host.address + query)
    return { host, page, context }
  }

  /** Answers of the page's best candidate, by the reader itself. */
  async function expected(folder: string, questions: readonly string[], text: string) {
    const [{ model }, tokenizer] = await Promise.all([loadPretrained(folder), loadTokenizer(folder)])
    const found = []
    for await (const { candidates } of searchDocuments(model, tokenizer, questions, [text], { top_k: 20 }))
      found.push(candidates)
    await model.release()
    return found
  }

  const best = (page: Page): Promise<string> => page.innerText('.answer.chosen .words')

  it('answers like Node with two threads, on a host without headers, and after the host is gone', async () => {
    const { host, page } = await open()
    await giveText(page, context)
    await ask(page, question)
    const [candidates] = await expected(tinyFolder, [question], context)
    expect(await best(page)).toBe(candidates[0].answer)
    expect(await localStatus(page)).toContain('WebAssembly, 2 threads')
    await untilKept(page)
    await host.close()
    await page.reload()
    await answered(page)
    expect(await best(page)).toBe(candidates[0].answer)
    expect(await localStatus(page)).toContain('WebAssembly, 2 threads')
  })

  it('loads what the export says on a first visit, without the WebGPU runtime, and nothing on a second one', async () => {
    const { host, page } = await open()
    await untilKept(page)
    expect(host.requested.filter((path) => /webgpu|asyncify/.test(path))).toEqual([])
    // The page starts before the service worker can keep its files, so some are loaded twice.
    const { wasm } = world.site.first_visit
    expect(host.sent).toBeGreaterThan(wasm)
    expect(host.sent).toBeLessThan(wasm + 600_000)
    host.requested.length = 0
    await page.reload()
    await page.waitForSelector('#text')
    await untilKept(page)
    // Browsers look for a new version of the service worker.
    expect(host.requested.filter((path) => path !== 'sw.js')).toEqual([])
  })

  it('shows the answers of two models side by side, and a long text in progress', async () => {
    const { page } = await open()
    await giveText(page, tinyText(800))
    await page.click('label:has-text("embedded")')
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    await page.waitForSelector('progress[aria-label="Read so far"]')
    await answered(page)
    expect(await page.locator('.one').count()).toBe(2)
    const texts = await page.locator('.one.model-1 .answer .words').allInnerTexts()
    const [candidates] = await expected(embeddedFolder, [question], tinyText(800))
    expect(texts[0]).toBe(candidates[0].answer)
  })

  it('stops reading when another text is opened', async () => {
    const { page } = await open()
    await giveText(page, tinyText(60_000))
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    await page.waitForSelector('progress[aria-label="Read so far"]')
    await page.click('text=New text')
    await giveText(page, context)
    await ask(page, question)
    const [candidates] = await expected(tinyFolder, [question], context)
    expect(await best(page)).toBe(candidates[0].answer)
  })

  it('replaces kept files by a new version, and keeps unchanged ones', async () => {
    const folder = join(world.folder, 'updated')
    cpSync(world.site.folder, folder, { recursive: true })
    const { host, page } = await open({ folder })
    await untilKept(page)
    const before = await keptFiles(page)
    await exportSiteOf([`other=${embeddedFolder}`], { output_dir: folder, dtypes: ['fp32'], overwrite: true })
    host.requested.length = 0
    await page.reload()
    await page.click('text=Reload')
    await page.waitForSelector('.model:has-text("other")')
    await giveText(page, context)
    await ask(page, question)
    const [candidates] = await expected(embeddedFolder, [question], context)
    expect(await best(page)).toBe(candidates[0].answer)
    await untilKept(page)
    const after = await keptFiles(page)
    expect(before.some((url) => url.includes('models/1-tiny'))).toBe(true)
    expect(after.some((url) => url.includes('models/1-tiny'))).toBe(false)
    expect(after.some((url) => url.includes('models/1-other'))).toBe(true)
    expect(host.requested.filter((path) => path.startsWith('runtime/'))).toEqual([])
  })

  const weights = 'models/1-tiny/model.onnx'
  it.each<[string, (content: Buffer) => Buffer | undefined, RegExp]>([
    ['missing', () => undefined, /model\.onnx is missing on the host/],
    ['truncated', (content) => content.subarray(0, 1000), /is truncated: 1,000 of [\d,]+ bytes arrived/],
    ['longer', (content) => Buffer.concat([content, content]), /not the file that belongs to this version/],
    ['changed', (content) => Buffer.from(content.map((byte, i) => (i === 5000 ? ~byte : byte))), /not the file that/],
  ])('explains that a model is %s, and keeps nothing of it', async (_, change, message) => {
    const { page } = await open({ changed: { [weights]: change } })
    await page.waitForSelector('.complaint')
    expect(await page.innerText('.complaint p')).toMatch(message)
    expect((await keptFiles(page)).filter((url) => url.includes(weights))).toEqual([])
    expect(await localStatus(page)).not.toContain('offline')
  })

  it('answers with a full storage, and says that it does not work offline', async () => {
    const { page, context, host } = await open({ query: 'site.json' })
    const session = await context.newCDPSession(page)
    const { origin } = new URL(host.address)
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 })
    await page.goto(host.address)
    await giveText(page, 'bo is in ro.')
    await ask(page, question)
    expect(await localStatus(page)).toContain('storage is full')
    expect(await localStatus(page)).not.toContain('works offline')
    expect((await keptFiles(page)).filter((url) => url.includes('.bin'))).toEqual([])
  })

  it('answers with one thread where the page is not loaded over HTTPS', async () => {
    const { host, page } = await open({ query: 'site.json' })
    await page.route('http://site.test/**', async (route) => {
      const response = await route.fetch({ url: route.request().url().replace('http://site.test/', host.address) })
      await route.fulfill({ response })
    })
    await page.goto('http://site.test/')
    await giveText(page, context)
    await ask(page, question)
    expect(await localStatus(page)).toMatch(/1 thread.*not loaded over HTTPS.*not keep it for offline use/s)
    expect(faults.filter((fault) => !fault.startsWith('loads http://site.test/'))).toEqual([])
    faults.length = 0
  })

  it('explains that it cannot be opened as a file', async () => {
    const page = await world.browser.newPage()
    await page.goto(pathToFileURL(join(world.site.folder, 'index.html')).href)
    await expect.poll(() => page.innerText('body')).toMatch(/opened as a file.*any web server/s)
    await page.close()
  })

  it.each([1280, 390])('has no serious accessibility problems, and fits into %s px', async (width) => {
    const { page } = await open({ size: [width, 800] })
    await page.waitForSelector('#text')
    expect(await seriousFaults(page)).toEqual([])
    await giveText(page, context)
    await page.click('label:has-text("embedded")')
    await ask(page, question)
    await untilKept(page)
    expect(await seriousFaults(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    await page.click('[aria-label="Help"]')
    expect(await page.innerText('dialog[open]')).toContain('do not leave this device')
  })
})

/** Asks the reader of an exported site directly, which takes no clicks. Returns the best answer to each question. */
function askReader(page: Page, inputs: readonly { question: string; context: string }[]) {
  return page.evaluate(async (asked) => {
    const manifest = await (await fetch('site.json')).json()
    const worker = new Worker('reader-wasm.js', { type: 'module' })
    worker.postMessage({
      type: 'open',
      base: new URL('.', document.baseURI).href,
      manifest,
      threads: 2,
      keepsFiles: true,
    })
    const found: { answer: string; start: number; end: number }[] = []
    for (const [id, { question, context }] of asked.entries()) {
      const request = { questions: [question], context, model: manifest.models[0].id, top_k: 1 }
      worker.postMessage({ type: 'ask', id, request })
      await new Promise<void>((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          if (data.type === 'failed') reject(new Error(data.problem))
          if (data.type === 'loaded') resolve()
          if (data.event?.name !== 'answer') return
          const [{ answer, start, end }] = data.event.data.result.answers
          found.push({ answer, start, end })
        }
      })
    }
    worker.terminate()
    return found
  }, inputs)
}

describeChromium('an exported site with MiniLM', () => {
  describeShared('and real questions', () => {
    it('gives the answers of Node, and loads at most 45 MB on a first visit with q8 weights', async () => {
      const source = shared('models/minilm-qa-reference')
      const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
      const [{ model }, tokenizer] = await Promise.all([loadPretrained(source), loadTokenizer(source)])
      const text = readFileSync(shared('data/squad-v1.1-dev-xquad-en.json'), 'utf8')
      const examples = parseSquad(text, 'xquad').slice(0, thoroughOr(200, 10))
      const browser = await launchChromium()
      try {
        const { first_visit } = await exportSiteOf([source], { output_dir: join(folder, 'site'), dtypes: ['fp32'] })
        // All other files are the same for q8, whose weights have 24.7 MB.
        expect(first_visit.wasm - 90_300_000 + 24_800_000).toBeLessThan(45_000_000)
        const host = await fileHost(join(folder, 'site'))
        const page = await browser.newPage()
        await page.goto(host.address)
        await untilKept(page)
        const found = await askReader(page, examples)
        for (const [index, { question, context }] of examples.entries())
          for await (const { candidates } of searchDocuments(model, tokenizer, [question], [context])) {
            const [{ answer, start, end }] = candidates
            expect(found[index]).toEqual({ answer, start, end })
            expect(context.slice(start, end)).toBe(answer)
          }
        await host.close()
      } finally {
        await browser.close()
        await model.release()
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })
})
