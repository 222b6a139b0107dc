import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { loadTokenizer } from '../../src/checkpoint/tokenizer-folder.ts'
import { searchDocuments } from '../../src/inference/pipeline.ts'
import { loadPretrained } from '../../src/inference/pretrained.ts'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import { noScreen, type Screen } from '../../src/runs/screen/screen.ts'
import { toSquadJson } from '../../src/squad/reading/squad-json.ts'
import { describeChromium } from '../chromium.ts'
import { itInFull, thoroughOr } from '../thorough.ts'
import { tinyText } from '../tiny-service.ts'
import { differentExamples, tinyFolder } from '../tiny-squad.ts'
import { answered, ask, giveText, seriousFaults } from './playground-world.ts'
import { keptFiles, localStatus, untilKept, useSite } from './site-world.ts'

const embeddedFolder = join(import.meta.dirname, '../../examples/embedded/model')
const context = 'in ka 👍🏽 eve, bo is in ro. li was in the den, and una in the pit by the sea.'
const question = 'who is in ro?'

describeChromium('an exported site', () => {
  const { world, open } = useSite((output_dir) =>
    exportSiteOf([`tiny=${tinyFolder}`, `embedded=${embeddedFolder}`], {
      output_dir,
      dtypes: ['fp32'],
      runtimes: ['node'],
    }),
  )

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

  itInFull(
    'loads what the export says on a first visit, without the WebGPU runtime, and nothing on a second one',
    async () => {
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
    },
  )

  itInFull('shows the answers of two models side by side, and a long text in progress', async () => {
    const { page } = await open()
    await giveText(page, tinyText(500))
    await page.click('label:has-text("embedded")')
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    await page.waitForSelector('progress[aria-label="Reading progress"]')
    await answered(page)
    expect(await page.locator('.one').count()).toBe(2)
    const texts = await page.locator('.one.model-1 .answer .words').allInnerTexts()
    const [candidates] = await expected(embeddedFolder, [question], tinyText(500))
    expect(texts[0]).toBe(candidates[0].answer)
  })

  itInFull('has q8 if that is accurate enough on the questions, otherwise fp16, which needs no questions', async () => {
    const data = join(world.folder, 'dev.json')
    writeFileSync(data, toSquadJson(differentExamples(10)))
    const printed: string[] = []
    const screen: Screen = { ...noScreen, print: (text) => printed.push(text) }
    const exported = async (name: string, options: { validation_file?: string; max_f1_drop?: number } = {}) => {
      const output_dir = join(world.folder, name)
      const choice = { output_dir, runtimes: ['node'], screen, ...options }
      const { models } = await exportSiteOf([tinyFolder], choice)
      return models[0].dtype
    }
    expect(await exported('without')).toBe('fp16')
    expect(await exported('with', { validation_file: data, max_f1_drop: 100 })).toBe('q8')
    // Every variant loses more than this.
    await expect(exported('neither', { validation_file: data, max_f1_drop: -101 })).rejects.toThrow(/fp16 loses/)
    expect(printed.join('\n')).toMatch(/q8 loses .*Trying fp16\./)
    expect(existsSync(join(world.folder, 'neither'))).toBe(false)
  })

  itInFull('stops reading when another text is opened', async () => {
    const { page } = await open()
    await giveText(page, tinyText(60_000))
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    await page.waitForSelector('progress[aria-label="Reading progress"]')
    await page.click('text=New text')
    await giveText(page, context)
    await ask(page, question)
    const [candidates] = await expected(tinyFolder, [question], context)
    expect(await best(page)).toBe(candidates[0].answer)
  })

  itInFull('replaces kept files by a new version, and keeps unchanged ones', async () => {
    const folder = join(world.folder, 'updated')
    cpSync(world.site.folder, folder, { recursive: true })
    const { host, page } = await open({ folder })
    await untilKept(page)
    const before = await keptFiles(page)
    await exportSiteOf([`other=${embeddedFolder}`], {
      output_dir: folder,
      dtypes: ['fp32'],
      runtimes: ['node'],
      overwrite: true,
    })
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

  itInFull('answers with a full storage, and says that it does not work offline', async () => {
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

  itInFull('answers with one thread where the page is not loaded over HTTPS', async () => {
    const { host, page, faults } = await open({ query: 'site.json' })
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

  it.each(thoroughOr([1280, 390], [390]))(
    'has no serious accessibility problems, and fits into %s px',
    async (width) => {
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
    },
  )
})
