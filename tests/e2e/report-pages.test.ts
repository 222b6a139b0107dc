import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { failureReport, runReport } from '../../src/report/run-report.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { miniLmRun } from '../sample-runs.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { thoroughOr } from '../thorough.ts'
import { seriousFaults } from './playground-world.ts'

const origin = {
  ended: '2026-03-04T05:06:07.890Z',
  command: `spanforge train --train_file …/${'a'.repeat(300)}.json --model bert-base-uncased`,
  spanforge: '0.2.0',
  node: '20.1.2',
}
const long = 'Donaudampfschifffahrtsgesellschaft'.repeat(4)
const intervals = { exact_match: [40, 48.6], f1: [51.2, 60.1] } as const
const steps = miniLmRun.log_history.map(({ step }) => [step, intervals])
const run = {
  ...miniLmRun,
  origin,
  eval_intervals: intervals,
  score_intervals: Object.fromEntries(steps),
  arguments: { ...miniLmRun.arguments, run_name: long, output_dir: `/data/${long}` },
  examples: [
    { question: `Who built ${long}?`, answer: long, correct: [long], exact_match: 1, f1: 1 },
    { question: 'Who was it?', answer: '', correct: ['Ann Smith', 'Ann'], exact_match: 0, f1: 0 },
  ],
}

describeChromium('reports in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  const pages: Record<string, () => string> = {
    report: () => String(runReport(run)[0].content),
    failure: () => failureReport({ model: long, error: `${long}: the loss is NaN`, remedy: 'Lower it.', origin }),
  }
  const sizes = [
    { width: 390, height: 844 },
    { width: 1280, height: 860 },
  ]

  it.each(
    Object.keys(pages).flatMap((name) => thoroughOr(sizes, sizes.slice(-1)).map((size) => [name, size] as const)),
  )(
    'the %s fits %o, with wide tables that scroll separately, and without accessibility problems in axe',
    async (name, size) => {
      const page = await open(pages[name](), size)
      try {
        const wide = await page.evaluate(() => {
          const all = Array.from(document.querySelectorAll('body *:not(.scroll *):not(svg *)'))
          return all
            .filter((it) => it.getBoundingClientRect().right > window.innerWidth + 0.5)
            .map((it) => it.outerHTML)
        })
        expect(wide).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(size.width)
        const tables = page.locator('table')
        expect(await page.locator('.scroll > table').count()).toBe(await tables.count())
        expect(await seriousFaults(page)).toEqual([])
      } finally {
        await page.close()
      }
    },
  )

  async function open(html: string, viewport: { width: number; height: number }): Promise<Page> {
    const file = join(temporaryFolder(), 'page.html')
    writeFileSync(file, html)
    const page = await browser.newPage({ viewport })
    await page.goto(pathToFileURL(file).href)
    return page
  }
})
