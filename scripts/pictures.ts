/**
 * Takes the pictures in docs/images from real runs: it trains two small models on synthetic data, and shows the
 * playground with a model fine-tuned on SQuAD. It takes about five minutes and needs Chromium.
 *
 *     npm run write:pictures -- MODEL DATA
 *
 * MODEL is a folder with a model fine-tuned on SQuAD, DATA a file with a few hundred questions, on which its confidence
 * is fitted. Look at every picture before you commit it.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pino } from 'pino'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { runProgram } from '../src/cli/program.ts'
import { startDashboard } from '../src/dashboard/server.ts'
import { watchRun } from '../src/dashboard/watch-run.ts'
import { packageFile } from '../src/package-root.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import { fineTune } from '../src/runs/train/fine-tune.ts'
import { SERVER_DEFAULTS } from '../src/server/defaults.ts'
import { startServer } from '../src/server/server.ts'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { generateExamples } from '../src/synthetic/examples.ts'
import { parseArguments, type TrainingArguments } from '../src/training/arguments/arguments.ts'
import { launchChromium } from '../tests/chromium.ts'

const IMAGES = packageFile('docs/images')
const LIGHTHOUSE = 'The lighthouse at Skarn Point'
const SEED = 7
/** The step, of 261, at which the picture of a run in progress is taken. */
const LIVE_STEP = 152
const DESKTOP = { width: 1280, height: 800 }
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }

if (process.argv.length < 4) throw new Error('usage: npm run write:pictures -- MODEL DATA')
const [model, data] = process.argv.slice(2).map((path) => resolve(path))

const folder = mkdtempSync(join(tmpdir(), 'spanforge-pictures-'))
// The dashboard shows paths as they are given.
process.chdir(folder)
const browser = await launchChromium()

/** Runs a command line in this process. */
async function spanforge(...argv: string[]): Promise<void> {
  if ((await runProgram(argv)) !== 0) throw new Error(`spanforge ${argv.join(' ')} failed`)
}

const shoot = (page: Page, name: string, fullPage = false) =>
  page.screenshot({ path: join(IMAGES, `${name}.png`), fullPage })

async function opened(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, timezoneId: 'UTC', locale: 'en-US', ...options })
  const page = await context.newPage()
  await page.goto(address)
  return page
}

function argumentsOf(runs: string, learning_rate: number, num_train_epochs: number): TrainingArguments {
  const file = (name: string, examples: readonly Example[]) => {
    writeFileSync(name, toSquadJson(examples))
    return name
  }
  return parseArguments(
    {
      model: packageFile('examples/embedded/model'),
      train_file: file('train.json', generateExamples({ seed: SEED, split: 'train', questions: 1000 })),
      validation_file: file('dev.json', generateExamples({ seed: SEED, split: 'validation', questions: 240 })),
      output_dir: join(runs, `lr-${learning_rate.toExponential()}`),
      num_train_epochs,
      learning_rate,
      per_device_train_batch_size: 16,
      per_device_eval_batch_size: 16,
      warmup_ratio: 0.1,
      max_seq_length: 128,
      doc_stride: 32,
      logging_steps: 10,
      eval_strategy: 'epoch',
      save_strategy: 'epoch',
      eval_on_start: true,
      load_best_model_at_end: true,
      metric_for_best_model: 'f1',
      seed: SEED,
    },
    'pictures',
  )
}

/** Trains two models, and takes the pictures of the dashboard: during the second run, at its end, and of both. */
async function trainPictured(runs: string, browser: Browser): Promise<void> {
  const first = argumentsOf(runs, 1e-3, 4)
  const other = await watchRun(first, { screen: noScreen, stop: () => {}, port: 0 })
  other.ended(await fineTune(first, other.hooks))
  await other.close()

  const args = argumentsOf(runs, 3e-4, 3)
  const watched = await watchRun(args, { screen: noScreen, stop: () => {}, port: 0 })
  const page = await opened(browser, watched.address, { viewport: { width: 1240, height: 900 } })
  const atLiveStep = async (event: { type: string; global_step?: number }) => {
    if (event.type !== 'step' || event.global_step !== LIVE_STEP) return
    await page.getByText(`step ${LIVE_STEP} of`).first().waitFor()
    await shoot(page, 'dashboard-live', true)
  }
  const outcome = await fineTune(args, { ...watched.hooks, listeners: [...watched.hooks.listeners!, atLiveStep] })
  watched.ended(outcome)
  const phone = await opened(browser, watched.address, {
    ...PHONE,
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 1,
  })
  await phone.locator('p.status', { hasText: /^Finished$/ }).waitFor()
  await phone.waitForTimeout(1000)
  await shoot(phone, 'dashboard-phone')
  await watched.close()

  const dashboard = await startDashboard({ folder: runs, depth: 1, port: 0 })
  const dark = await opened(browser, dashboard.address, { viewport: { width: 1240, height: 900 }, colorScheme: 'dark' })
  await dark.getByRole('link', { name: /All runs/ }).click()
  for (const run of ['lr-1e-3', 'lr-3e-4']) await dark.getByRole('checkbox', { name: `Compare ${run}` }).check()
  await dark.getByText('Best evaluation and arguments that differ').waitFor()
  await dark.waitForTimeout(1000)
  await shoot(dark, 'dashboard-compare', true)
  await dashboard.close()
}

/** A copy of the model, under its name, with a confidence fitted on the data. */
async function withConfidence(model: string, data: string): Promise<string> {
  const copy = join(folder, basename(model))
  cpSync(model, copy, { recursive: true })
  await spanforge('evaluate', '--model', copy, '--data', data, '--calibrate', '--quiet')
  return copy
}

async function playgroundPictures(browser: Browser, models: readonly string[]): Promise<void> {
  const server = await startServer(models, { ...SERVER_DEFAULTS, port: 0, log: pino({ level: 'silent' }) })
  const questions = ['When did the last keeper leave?', 'How many steps are there?', 'Who was the first keeper?']

  const read = async (example: string, options: BrowserContextOptions = {}) => {
    const page = await opened(browser, server.address, options)
    await page.getByRole('button', { name: example }).click()
    await page.waitForSelector('#question:not([disabled])')
    return page
  }
  const ask = async (page: Page, asked: readonly string[]) => {
    for (const question of asked) {
      await page.fill('#question', question)
      await page.press('#question', 'Enter')
      await answered(page)
    }
  }
  const light = await read(LIGHTHOUSE)
  await ask(light, questions)
  await shoot(light, 'playground-light')
  await light.locator('.card .wrong').last().click()
  await light.fill('#right', 'the spring of 1984')
  await shoot(light, 'playground-correction')

  const dark = await read(LIGHTHOUSE, { colorScheme: 'dark' })
  await ask(dark, questions)
  await shoot(dark, 'playground-dark')

  const phone = await read(LIGHTHOUSE, PHONE)
  await ask(phone, questions.slice(1))
  await shoot(phone, 'playground-phone')

  const two = await read('Undinghampton and its people')
  await two.getByText('small', { exact: true }).click()
  await ask(two, ['Which firm took over Farinner & Sons?', 'When did the bridge in Undinghampton open?'])
  await shoot(two, 'playground-two-models')

  const long = await read('A chronicle')
  await long.fill('#question', 'What is Drumoport renowned for?')
  await long.press('#question', 'Enter')
  await long.waitForFunction(() => (document.querySelector('progress')?.position ?? 0) > 0.25, undefined, {
    timeout: 300_000,
  })
  await shoot(long, 'playground-long')
  await server.close()
}

const answered = async (page: Page): Promise<void> => {
  await page.waitForSelector('.card .judgment')
  await page.waitForFunction(
    () => !document.querySelector('progress') && !/Waiting for the model/.test(document.body.innerText),
  )
}

async function analysisPicture(browser: Browser, model: string, data: string): Promise<void> {
  const report = join(folder, 'errors.html')
  await spanforge('evaluate', '--model', model, '--data', data, '--report', report, '--quiet')
  const page = await opened(browser, `file://${report}`, { viewport: { width: 1100, height: 1000 } })
  const heading = page.getByRole('heading', { name: 'All questions' })
  const kind = page.locator('select[name="class"]')
  const [shifted] = await kind.locator('option', { hasText: 'Boundaries shifted' }).all()
  await kind.selectOption({ label: (await shifted.textContent())! })
  await page.locator('details summary').last().scrollIntoViewIfNeeded()
  await heading.evaluate((element) => element.scrollIntoView())
  await shoot(page, 'error-analysis')
}

try {
  const runs = 'people'
  await trainPictured(runs, browser)
  const squad = await withConfidence(model, data)
  await playgroundPictures(browser, [`squad=${squad}`, `small=${join(runs, 'lr-3e-4')}`])
  await analysisPicture(browser, squad, data)
} finally {
  await browser.close()
  process.chdir(tmpdir())
  rmSync(folder, { recursive: true })
}
