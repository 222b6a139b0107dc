import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { parseJournal } from '../../src/dashboard/journal.ts'
import { foldAll } from '../../src/dashboard/run-view.ts'
import { startDashboard } from '../../src/dashboard/server.ts'
import { watchRun } from '../../src/dashboard/watch-run.ts'
import { noScreen } from '../../src/runs/screen/screen.ts'
import { fineTune } from '../../src/runs/train/fine-tune.ts'
import { parseArguments, type TrainingArgumentsInput } from '../../src/training/arguments/arguments.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { itInFull } from '../thorough.ts'
import { tinyFolder, writeTinySquad } from '../tiny-squad.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Starts a tiny run of 12 steps with its dashboard. The run waits after step 4 until `proceed` is called. */
async function tinyRun(folder: string, more: TrainingArgumentsInput = {}, port = 0) {
  const args = parseArguments(
    {
      model: tinyFolder,
      train_file: writeTinySquad(folder, 'train.json', 24),
      validation_file: writeTinySquad(folder, 'dev.json', 12, 100),
      output_dir: join(folder, 'runs/one'),
      max_seq_length: 48,
      doc_stride: 8,
      per_device_train_batch_size: 4,
      num_train_epochs: 2,
      learning_rate: 1e-3,
      logging_steps: 1,
      eval_strategy: 'epoch',
      save_strategy: 'epoch',
      eval_on_start: true,
      ...more,
    },
    'test',
  )
  const stop = new AbortController()
  const watched = await watchRun(args, { screen: noScreen, stop: () => stop.abort(), signal: stop.signal, port })
  let proceed = () => {}
  const gate = new Promise<void>((resolve) => {
    proceed = resolve
  })
  const wait = async (event: { type: string; global_step?: number }) => {
    if (event.type === 'step' && event.global_step === 4) await gate
  }
  const run = async () => {
    const outcome = await fineTune(args, {
      ...watched.hooks,
      listeners: [...watched.hooks.listeners!, wait],
    })
    watched.ended(outcome)
    return outcome
  }
  return { args, watched, proceed: () => proceed(), run }
}

const journalOf = (folder: string) => parseJournal(readFileSync(join(folder, 'dashboard.jsonl'), 'utf8')).records
const twelve = Array.from({ length: 12 }, (_, i) => i + 1)

describeChromium('the dashboard in Chromium', () => {
  let browser: Browser
  let page: Page
  let faults: string[]

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  beforeEach(async () => {
    faults = []
    page = await browser.newPage()
    page.on('pageerror', (error) => faults.push(error.message))
  })
  afterEach(async () => {
    await page.close()
    expect(faults).toEqual([])
  })

  const says = (text: string | RegExp) => page.getByText(text).first().waitFor()
  const status = (text: string) => page.locator('p.status', { hasText: new RegExp(`^${text}$`) }).waitFor()
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const seriousFaults = async () => {
    await page.evaluate(axeSource)
    const { violations } = await page.evaluate(() =>
      (
        globalThis as unknown as { axe: { run: () => Promise<{ violations: { id: string; impact: string }[] }> } }
      ).axe.run(),
    )
    return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map(({ id }) => id)
  }
  const fits = async (width: number) => {
    await page.setViewportSize({ width, height: 844 })
    // The charts are resized shortly after the window.
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  }

  it('shows a run from start to finish, with pause, reload and resume, on narrow and dark screens and to screen readers', async () => {
    const { watched, proceed, run, args } = await tinyRun(temporaryFolder())
    await page.goto(watched.address)
    await status('Preparing')
    const outcome = run()
    await says('step 4 of 12')
    await press('Pause')
    await status('Pausing after this step')
    proceed()
    await status('Paused')
    await page.reload()
    await status('Paused')
    await says('step 4 of 12')
    await press('Resume')
    await status('Finished')
    expect((await outcome).status).toBe('finished')
    await says('step 12 of 12')

    await page.getByRole('table').first().getByRole('row').nth(3).waitFor()
    expect(await page.locator('.card').count()).toBe(8)
    const slider = page.getByRole('slider')
    expect(await slider.getAttribute('aria-valuetext')).toBe('epoch 2')
    await slider.press('Home')
    expect(await slider.getAttribute('aria-valuetext')).toBe('epoch 0')
    expect(await page.locator('.card .history button[aria-current=true]').count()).toBe(8)
    const chart = page.getByRole('img', { name: /^Loss\. / })
    await chart.focus()
    await page.keyboard.press('ArrowLeft')
    await says(/epoch 2/)

    // The label of the best value is next to the curves, not over them. A long context ends with a complete line.
    await page.locator('.legend li', { hasText: /^best: .*, loss \d/ }).waitFor()
    const lines = await page
      .locator('.card .context')
      .first()
      .evaluate((context) => {
        const { maxHeight, lineHeight } = getComputedStyle(context)
        return Number.parseFloat(maxHeight) / Number.parseFloat(lineHeight)
      })
    expect(lines).toBeCloseTo(8)

    expect(await seriousFaults()).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await seriousFaults()).toEqual([])
    await fits(390)
    await watched.close()
    await says('the process has ended')
    expect(foldAll(journalOf(args.output_dir)).steps.step).toEqual(twelve)
  })

  itInFull('stops and saves a run; when it is resumed, the open page continues the curve', async () => {
    const folder = temporaryFolder()
    const first = await tinyRun(folder)
    await page.goto(first.watched.address)
    const outcome = first.run()
    await says('step 4 of 12')
    await press('Stop and save')
    await page.getByRole('dialog').getByRole('button', { name: 'Stop and save' }).click()
    await status('Saving after this step')
    first.proceed()
    await status('Interrupted')
    expect(await outcome).toMatchObject({ status: 'interrupted', global_step: 4 })
    await first.watched.close()

    const second = await tinyRun(folder, { resume_from_checkpoint: 'latest' })
    await page.goto(second.watched.address)
    await page.reload()
    await second.run()
    await status('Finished')
    await says('step 12 of 12')
    await second.watched.close()
    const { steps, evaluations } = foldAll(journalOf(second.args.output_dir))
    expect(steps.step).toEqual(twelve)
    expect(evaluations.map(({ step }) => step)).toEqual([0, 6, 12])
  })

  it('compares past runs by curves and differing arguments, and reports corrupted runs', async () => {
    const folder = temporaryFolder()
    for (const [name, learning_rate, loss] of [
      ['slow', 1e-5, 3],
      ['quick <b>', 1e-3, 2],
    ] as const) {
      mkdirSync(join(folder, name))
      const log_history = [1, 2].map((epoch) => ({ epoch, step: 6 * epoch, eval_loss: loss / epoch, eval_f1: 40 }))
      const state = { global_step: 12, max_steps: 12, best_global_step: 12, log_history }
      writeFileSync(join(folder, name, 'trainer_state.json'), JSON.stringify(state))
      writeFileSync(join(folder, name, 'training_args.json'), JSON.stringify({ learning_rate, seed: 42 }))
    }
    mkdirSync(join(folder, 'broken'))
    writeFileSync(join(folder, 'broken/trainer_state.json'), '{"global_step"')
    const dashboard = await startDashboard({ folder, depth: 1, port: 0 })
    onTestFinished(dashboard.close)
    await page.goto(dashboard.address)
    await page.getByRole('link', { name: /All runs/ }).click()
    await says(/broken.trainer_state.json: found broken JSON/)
    await page.getByRole('checkbox', { name: 'Compare slow' }).check()
    await page.getByRole('checkbox', { name: 'Compare quick <b>' }).check()
    // The list has a column with the same name.
    const differing = page.locator('.differences').getByRole('row', { name: /^learning_rate/ })
    await differing.getByRole('cell', { name: '0.001' }).waitFor()
    expect(await differing.getByRole('cell').allTextContents()).toEqual(['1e-5', '0.001'])
    expect(await page.locator('.differences').getByRole('row', { name: /^seed/ }).count()).toBe(0)
    const curves = page.getByRole('img', { name: /^Validation loss\. / })
    expect(await curves.getAttribute('aria-label')).toContain('slow 1.500, quick <b> 1.000')
    expect(await seriousFaults()).toEqual([])
    await page.reload()
    await differing.waitFor()
    await fits(390)
  })

  itInFull('sorts, searches and groups runs by seed, and exports them with notes as CSV', async () => {
    const folder = temporaryFolder()
    for (const learning_rate of [1e-5, 1e-3])
      for (const seed of [42, 43, 44]) {
        const name = join(folder, 'sweep', `learning_rate=${learning_rate},seed=${seed}`)
        mkdirSync(name, { recursive: true })
        const eval_f1 = 40 + 1e4 * learning_rate + (seed - 43)
        const log_history = [{ epoch: 1, step: 6, eval_loss: 2, eval_exact_match: 30, eval_f1 }]
        writeFileSync(join(name, 'trainer_state.json'), JSON.stringify({ global_step: 6, max_steps: 6, log_history }))
        const args = { model: 'bert-base-uncased', learning_rate, seed, num_train_epochs: 1, output_dir: name }
        writeFileSync(join(name, 'training_args.json'), JSON.stringify(args))
      }
    const dashboard = await startDashboard({ folder, depth: 2, port: 0 })
    onTestFinished(dashboard.close)
    await page.setViewportSize({ width: 1280, height: 860 })
    await page.goto(`${dashboard.address}&view=runs`)
    const groups = page.locator('tr.group')
    await groups.first().waitFor()
    const table = page.locator('section.scrolling')
    expect(await table.evaluate((list) => list.scrollWidth - list.clientWidth)).toBe(0)

    await page.getByRole('button', { name: 'F1', exact: true }).click()
    expect(await groups.locator('td:nth-child(4)').allInnerTexts()).toEqual([
      expect.stringMatching(/^50\.00\s+49\.00 to 51\.00$/),
      expect.stringMatching(/^40\.10\s+39\.10 to 41\.10$/),
    ])
    expect(await page.locator('th[aria-sort=descending]').innerText()).toContain('F1')
    await groups.first().getByRole('button').click()
    const members = page.locator('tr.member a')
    expect((await members.allInnerTexts()).map((name) => name.slice(-2))).toEqual(['44', '43', '42'])

    await page.getByLabel(/^Note on .*seed=44$/).fill('the best one')
    await page.keyboard.press('Enter')
    await page.getByRole('searchbox').fill('best one')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    expect(await seriousFaults()).toEqual([])
    const waiting = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download CSV' }).click()
    const csv = readFileSync(await (await waiting).path(), 'utf8')
    expect(csv).toMatch(/^run,status,exact_match,f1,.*\r\n[^\r\n]*seed=44.*the best one.*\r\n$/)
    await fits(390)
  })
})
