/** A site with an index of documents: its page, and <answer-box documents> without a server. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import { percent } from '../../web/shared/numbers.ts'
import { describeChromium } from '../chromium.ts'
import { runHere } from '../run-here.ts'
import { smallCollection } from '../small-collection.ts'
import { itInFull } from '../thorough.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { seriousFaults } from './playground-world.ts'
import { untilKept, useSite } from './site-world.ts'

const QUESTIONS = ['where is bo?', 'who was in the pit or the den?', 'Running in OZ?']

interface Expected {
  readonly answer: string
  readonly score: number
  readonly start: number
  readonly end: number
  readonly document: string
  readonly page?: number
  readonly headings: readonly string[]
}

describeChromium('a site with documents', () => {
  let index: string
  const { world, open } = useSite(async (output_dir) => {
    index = await smallCollection(dirname(output_dir))
    return exportSiteOf([`tiny=${tinyFolder}`], { output_dir, dtypes: ['fp32'], runtimes: ['node'], index })
  })

  /** The answers of the command line. */
  async function expected(question: string, ...more: readonly string[]): Promise<Expected[]> {
    const argv = ['answer', '--model', tinyFolder, '--index', index, '--question', question, '--top_k', '5', '--json']
    return JSON.parse((await runHere(...argv, ...more)).stdout).answers
  }

  async function ask(page: Page, question: string): Promise<void> {
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    // After a reload, the same question may be in another card.
    const newest = page.locator('.card').first().filter({ hasText: question })
    await newest.locator('.sourced, .none, .failed').first().waitFor()
  }

  /** The answers that the page shows to its newest question. */
  async function shown(page: Page) {
    const card = page.locator('.card').first()
    const [words, sources, shares] = await Promise.all(
      ['.words', '.source', '.sure'].map((part) => card.locator(part).allTextContents()),
    )
    return words.map((answer, i) => ({ answer, source: sources[i], share: shares[i] }))
  }

  const asShown = ({ answer, document, page, headings, score }: Expected) => ({
    answer,
    source: `${document}${page === undefined ? '' : `, page ${page}`}${headings.length > 0 ? `: ${headings.join(' › ')}` : ''}`,
    share: percent(score),
  })

  it('answers like the command line, also after the host is gone', async () => {
    const { host, page } = await open()
    await page.waitForSelector('.documents li')
    expect(await page.locator('.documents li b').allTextContents()).toEqual(['Long', 'docs/note.txt', 'docs/short.pdf'])
    for (const question of QUESTIONS) {
      await ask(page, question)
      expect(await shown(page)).toEqual((await expected(question)).map(asShown))
    }
    await untilKept(page)
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/site.png` : undefined })
    expect(await seriousFaults(page)).toEqual([])
    await host.close()
    await page.reload()
    await page.waitForSelector('.documents li')
    await ask(page, QUESTIONS[0])
    expect(await shown(page)).toEqual((await expected(QUESTIONS[0])).map(asShown))
    await page.locator('.sourced a').first().click()
    await page.waitForSelector('.text mark')
    const [{ answer }] = await expected(QUESTIONS[0])
    expect((await page.locator('.text mark').allTextContents()).join('')).toBe(answer)
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/site-document.png` : undefined })
  })

  itInFull('searches selected documents, and still answers about a text of the user', async () => {
    const { page } = await open({ size: [390, 800] })
    await page.fill('#containing', 'SHORT')
    await expect.poll(() => page.locator('.documents li').count()).toBe(1)
    await page.check('.documents li input')
    await ask(page, 'max or bo?')
    expect(await shown(page)).toEqual((await expected('max or bo?', '--document', 'SHORT')).map(asShown))
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/site-phone.png` : undefined })
    await page.click('text=Your text')
    await page.waitForSelector('textarea#text')
  })

  itInFull('explains that the index is truncated, and loads it again for the next question', async () => {
    const changed: Record<string, (content: Buffer) => Buffer | undefined> = {
      'index/index.db.bin': (content) => content.subarray(0, 1000),
    }
    const { page } = await open({ changed })
    await page.waitForSelector('.complaint')
    expect(await page.innerText('.complaint p')).toMatch(/index\.db\.bin is truncated: 1,000 of [\d,]+ bytes arrived/)
    delete changed['index/index.db.bin']
    await ask(page, QUESTIONS[0])
    expect(await shown(page)).toEqual((await expected(QUESTIONS[0])).map(asShown))
  })

  it('has an answer box that finds the same on another page', async () => {
    writeFileSync(
      join(world.site.folder, 'help.html'),
      `<!doctype html><html lang="en"><title>Help</title><h1>Help</h1><answer-box documents sure="0"></answer-box>
       <script type="module" src="answer-box.js"></script>`,
    )
    const { page, host } = await open({ query: 'help.html' })
    for (const question of QUESTIONS) {
      const detail = page.evaluate(
        () =>
          new Promise<Record<string, unknown>>((resolve) =>
            document.addEventListener('answer', (event) => resolve((event as CustomEvent).detail), { once: true }),
          ),
      )
      await page.fill('answer-box input', question)
      await page.click('answer-box button')
      const { source, score, answer, start, end } = await detail
      const [best] = await expected(question)
      expect({ answer, start, end }).toEqual({ answer: best.answer, start: best.start, end: best.end })
      expect(source).toMatchObject({ document: { name: best.document }, headings: best.headings })
      expect(score).toBeCloseTo(best.score, 5)
    }
    expect(await seriousFaults(page)).toEqual([])
    expect(host.requested.filter((path) => /opfs|sqlite3\.wasm$/.test(path))).toEqual([])
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/site-box.png` : undefined })
    await page.click('answer-box a')
    await page.waitForSelector('.text mark')
  })

  itInFull('has an answer box that does not load the index for questions about a page', async () => {
    writeFileSync(
      join(world.site.folder, 'page.html'),
      `<!doctype html><html lang="en"><title>Page</title><main>bo is in ro.</main><answer-box sure="0"></answer-box>
       <script type="module" src="answer-box.js"></script>`,
    )
    const { page, host } = await open({ query: 'page.html' })
    await page.fill('answer-box input', QUESTIONS[0])
    await page.click('answer-box button')
    await page.waitForSelector('answer-box mark')
    expect(host.requested.filter((path) => /search|index\/|sqlite/.test(path))).toEqual([])
  })
})
