import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { buildIndex } from '../../src/runs/index/build-index.ts'
import { describeChromium } from '../chromium.ts'
import { pdfOf } from '../pdf-file.ts'
import { itInFull } from '../thorough.ts'
import { holdRoute } from './hold-route.ts'
import { giveText, playgroundWorld, seriousFaults } from './playground-world.ts'

const hostile = '<img src=x onerror="document.title=\'taken\'">'

let folder: string

/** Documents with a long one, so that its answers must be scrolled to. */
async function makeIndex(): Promise<string> {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-documents-'))
  const docs = join(folder, 'docs')
  mkdirSync(docs)
  const filler = 'una was in the sea.\n\n'.repeat(400)
  writeFileSync(
    join(docs, 'long.md'),
    `# Long\n\n${filler}# Pump ${hostile.replaceAll('<', '&lt;')}\n\nbo is in ro.\n\n${filler}`,
  )
  writeFileSync(
    join(docs, 'short.pdf'),
    pdfOf([{ text: 'nothing', y: 700 }], [{ text: 'max is in ka and ro.', y: 700 }]),
  )
  const output_dir = join(folder, 'index')
  await buildIndex([docs], { output_dir })
  return output_dir
}
afterAll(() => folder && rmSync(folder, { recursive: true }))

const ask = async (page: Page, question: string) => {
  await page.fill('#question', question)
  await page.press('#question', 'Enter')
  // The answers of an earlier question are still on the page.
  await page.locator('.card', { hasText: question }).locator('.sourced, .none, .failed').first().waitFor()
}

/** Asks a question about a text of the user, and goes back to the documents. */
async function askAboutText(page: Page): Promise<void> {
  await page.click('text=Your text')
  await giveText(page, 'bo is in ro.')
  await page.fill('#question', 'who?')
  await page.press('#question', 'Enter')
  await page.waitForSelector('.card .judgment')
  await page.click('text=Documents')
  await page.waitForSelector('.documents li')
}

describeChromium('documents on the playground', () => {
  const world = playgroundWorld([], makeIndex)

  it('lists the documents, and answers with links to their places', async () => {
    const page = await world.open()
    await page.waitForSelector('.documents li')
    expect(await page.locator('.documents li b').allTextContents()).toEqual(['Long', 'docs/short.pdf'])
    expect(await seriousFaults(page)).toEqual([])
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/list.png` : undefined })
    await ask(page, 'where is bo?')
    const link = page.locator('.sourced a', { hasText: 'long.md' }).first()
    expect(await link.textContent()).toContain('docs/long.md: ')
    const answer = (await link.locator('.words').textContent())!
    await link.click()
    await page.waitForSelector('.text mark')
    expect((await page.locator('.text mark').allTextContents()).join('')).toBe(answer)
    const isVisible = () =>
      page
        .locator('.text mark')
        .first()
        .evaluate((mark) => {
          const { top } = mark.getBoundingClientRect()
          const pane = mark.closest('.text')!.getBoundingClientRect()
          return top >= pane.top && top < pane.bottom
        })
    await expect.poll(isVisible).toBe(true)
    expect(await seriousFaults(page)).toEqual([])
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/answer.png` : undefined })

    // The address is a link to the place.
    const address = page.url()
    const other = await world.open(undefined, address)
    await other.waitForSelector('.text mark')
    expect((await other.locator('.text mark').allTextContents()).join('')).toBe(answer)
    await page.goBack()
    await page.waitForSelector('.documents li')
  })

  it('searches only selected documents, by keyboard alone', async () => {
    const page = await world.open()
    await page.fill('#containing', 'SHORT')
    await expect.poll(() => page.locator('.documents li').count()).toBe(1)
    await page.focus('.documents li input')
    await page.keyboard.press('Space')
    await page.focus('#question')
    await page.keyboard.type('who is in ro?')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.card .sourced')
    for (const source of await page.locator('.sourced .source').allTextContents())
      expect(source).toBe('docs/short.pdf, page 2')
    await ask(page, 'xyzzy')
    expect(await page.locator('.card').first().textContent()).toContain('No document contains any word')
  })

  it('shows the document of the address, in whichever order they arrive', async () => {
    const page = await world.open()
    const proceed = await holdRoute(page, /api\/documents\/1$/)
    await page.click('.documents li:nth-child(1) a')
    await page.click('.documents li:nth-child(2) a')
    await page.locator('.reading h2', { hasText: 'short.pdf' }).waitFor()
    proceed()
    await page.waitForResponse(/api\/documents\/1$/)
    expect(await page.innerText('.reading h2')).toBe('docs/short.pdf')
  })

  it('follows a link while the document of the address is loading', async () => {
    const page = await world.open(undefined, 'about:blank')
    const proceed = await holdRoute(page, /api\/documents\/1$/)
    await page.goto(`${world.server.address}#document=1`)
    await page.click('.documents li:nth-child(2) a')
    await page.locator('.reading h2', { hasText: 'short.pdf' }).waitFor()
    proceed()
    await page.waitForResponse(/api\/documents\/1$/)
    expect(await page.innerText('.reading h2')).toBe('docs/short.pdf')
  })

  it('keeps its questions after a reload, and tries again what has failed', async () => {
    world.provokes(/ERR_FAILED/)
    const page = await world.open()
    await page.check('[aria-label="Search docs/short.pdf"]')
    await page.route('**/api/search', (route) => route.abort())
    await ask(page, 'who is in ro?')
    expect(await page.innerText('.card .failed')).toContain('Cannot reach the server')
    await page.unroute('**/api/search')
    await page.click('.card >> text=Try again')
    await page.waitForSelector('.card .sourced')
    await page.reload()
    await page.waitForSelector('.card .sourced')
    expect(await page.innerText('.card')).toContain('In docs/short.pdf')
  })

  it('shows a text that is opened from the history, and still shows it after a reload', async () => {
    const page = await world.open()
    await askAboutText(page)
    await page.click('[aria-label=History]')
    await page.click('.visit')
    await page.waitForSelector('section#text')
    await page.reload()
    await page.waitForSelector('section#text')
    expect(await page.textContent('section#text')).toBe('bo is in ro.')
  })

  itInFull('still answers questions about a text of the user', async () => {
    const page = await world.open()
    await askAboutText(page)
    expect(await page.title()).not.toBe('taken')
  })

  itInFull('fits on a phone', async () => {
    const page = await world.open({ viewport: { width: 390, height: 800 } })
    await page.waitForSelector('.documents li')
    await ask(page, 'who is in ro?')
    const { scroll, client } = await page.evaluate(() => {
      const { scrollWidth: scroll, clientWidth: client } = document.documentElement
      return { scroll, client }
    })
    expect(scroll).toBeLessThanOrEqual(client)
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/phone.png` : undefined })
    expect(await seriousFaults(page)).toEqual([])
  })
})
