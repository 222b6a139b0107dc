import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { analyze } from '../../src/analysis/analyze.ts'
import { analysisHtml } from '../../src/analysis/page/html.ts'
import type { AnalyzedQuestion } from '../../src/analysis/types.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { hostile, sampleEvaluation } from '../sample-analysis.ts'
import { itInFull } from '../thorough.ts'

const analysis = analyze(sampleEvaluation(240))
const countOf = (holds: (question: AnalyzedQuestion) => boolean) => analysis.questions.filter(holds).length

describeChromium('the analysis page in Chromium', () => {
  let folder: string
  let browser: Browser
  let page: Page
  let address: string
  let faults: string[]

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    const file = join(folder, 'analysis.html')
    writeFileSync(file, analysisHtml(analysis))
    address = pathToFileURL(file).href
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true })
  })

  beforeEach(async () => {
    faults = []
    page = await browser.newPage()
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('request', (request) => request.url().startsWith(address) || faults.push(`loads ${request.url()}`))
    await page.goto(address)
  })
  afterEach(async () => {
    await page.close()
    expect(faults).toEqual([])
  })

  const shownCount = async () => Number((await page.textContent('#question-count'))?.match(/^(\d+) of 240/)?.[1])
  const choose = (name: string, value: string) => page.selectOption(`#filters [name=${name}]`, value)
  const type = (name: string, value: string) => page.fill(`#filters [name=${name}]`, value)

  it('shows all questions, 50 at a time', async () => {
    expect(await shownCount()).toBe(240)
    const items = page.locator('#question-list > li')
    expect(await items.count()).toBe(50)
    await page.click('#more-questions')
    expect(await items.count()).toBe(100)
    expect(await page.evaluate(() => document.activeElement?.closest('li')?.matches(':nth-child(51)'))).toBe(true)
    for (let i = 0; i < 3; i++) await page.click('#more-questions')
    expect(await items.count()).toBe(240)
    expect(await page.isHidden('#more-questions')).toBe(true)
  })

  it('filters by class, group and result', async () => {
    for (const { class: name, count } of analysis.classes) {
      await choose('class', name)
      expect(await shownCount()).toBe(count)
    }
    await choose('class', '')
    for (const { dimension, groups } of analysis.breakdowns) {
      for (const { label, count } of groups) {
        await choose(dimension, label)
        expect(await shownCount(), `${dimension} ${label}`).toBe(count)
      }
      await choose(dimension, '')
    }
    await choose('result', 'right')
    expect(await shownCount()).toBe(countOf(({ exact_match }) => exact_match === 1))
    await choose('result', 'wrong')
    expect(await shownCount()).toBe(countOf(({ exact_match }) => exact_match === 0))
  })

  itInFull('combines filters, stores them in the address, and resets them', async () => {
    await choose('result', 'wrong')
    await choose('answer_kind', 'name')
    await type('from', '30')
    await type('to', '80')
    await type('text', 'ROME friends')
    await choose('sort', 'surest')
    const holds = ({ exact_match, groups, confidence }: AnalyzedQuestion) =>
      exact_match === 0 && groups.answer_kind === 'name' && confidence >= 0.3 && confidence <= 0.8
    const count = countOf(holds)
    expect(count).toBeGreaterThan(0)
    expect(await shownCount()).toBe(count)
    const surest = analysis.questions.filter(holds).toSorted((a, b) => b.confidence - a.confidence)
    expect(await page.textContent('#question-list .sure')).toBe(
      `probability ${Math.round(100 * surest[0].confidence)}\u00a0%`,
    )

    // page.url() is updated later.
    const kept = await page.evaluate(() => location.href)
    await page.goto('about:blank')
    await page.goto(kept)
    expect(await shownCount()).toBe(count)
    expect(await page.inputValue('[name=text]')).toBe('ROME friends')

    await page.click('button[type=reset]')
    await page.waitForFunction(() => document.getElementById('question-count')?.textContent?.startsWith('240 of'))
    await type('text', 'no such words')
    expect(await page.textContent('#question-count')).toBe('No questions match. Try removing a filter.')
  })

  itInFull('follows links in the tables and back; links to sections keep the filter', async () => {
    await page.click('a[href="#class=too_wide"]')
    await page.waitForFunction(() => document.getElementById('question-count')?.textContent?.startsWith('20 of'))
    await page.click('a[href="#confidence"]')
    expect(await shownCount()).toBe(20)
    await page.goBack()
    await page.goBack()
    await page.waitForFunction(() => document.getElementById('question-count')?.textContent?.startsWith('240 of'))
  })

  it('opens a question by keyboard and marks answer, prediction, windows and a selected candidate', async () => {
    await choose('class', 'cut_by_window')
    const first = page.locator('.example').first()
    await first.locator('summary').focus()
    await page.keyboard.press('Enter')
    const context = first.locator('.context')
    // The browser reports that the question is open a little later.
    await context.waitFor()
    expect(await context.locator('mark.gold').allTextContents()).toEqual(['Th', 'e 4 ', 'friends'])
    expect(await context.locator('mark.prediction').allTextContents()).toEqual(['friends', ' left'])
    expect(await context.locator('mark.gold.prediction').allTextContents()).toEqual(['friends'])
    expect(await context.locator('.edge').allTextContents()).toEqual(['[1', '1]', '[2', '2]'])

    await first.locator('.candidates button').nth(1).focus()
    await page.keyboard.press('Enter')
    const chosen = first.locator('.candidates [aria-pressed=true]')
    expect(await chosen.count()).toBe(1)
    const text = await chosen.locator('.quoted').textContent()
    expect((await context.locator('mark.candidate').allTextContents()).join('')).toBe(text)
  })

  itInFull('escapes hostile text', async () => {
    await type('text', 'onerror')
    expect(await shownCount()).toBe(countOf(({ context }) => analysis.contexts[context].text.includes('onerror')))
    await page.locator('.example summary').first().click()
    expect(await page.locator('.context').first().textContent()).toContain(hostile)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.title()).toBe('Error analysis: sample <model> on sample.json')
  })

  it.each([390, 1200])('is not wider than a window of %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 })
    await page.locator('.example summary').first().click()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    // A wide table scrolls inside its own region, with shadows at its sides.
    const table = await page.locator('.scroll', { has: page.locator('.classes') }).evaluate((region) => {
      region.scrollLeft = 10_000
      const last = region.querySelector('th:last-child')!.getBoundingClientRect()
      const { backgroundAttachment } = getComputedStyle(region)
      return { isInView: last.right <= region.getBoundingClientRect().right + 1, backgroundAttachment }
    })
    expect(table).toEqual({ isInView: true, backgroundAttachment: 'local, local, scroll, scroll' })
  })
})
