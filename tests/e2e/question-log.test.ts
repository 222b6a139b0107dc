import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { exportExamples } from '../../src/annotate/export.ts'
import { ServedProject } from '../../src/annotate/served-project.ts'
import { buildIndex } from '../../src/runs/index/build-index.ts'
import { SERVER_DEFAULTS } from '../../src/server/defaults.ts'
import { type QuestionLogEntry, readQuestionLog } from '../../src/server/question-log/entries.ts'
import { startServer } from '../../src/server/server.ts'
import { describeChromium } from '../chromium.ts'
import { itInFull } from '../thorough.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { annotateWorld } from './annotate-world.ts'
import { ask, giveText, playgroundWorld, seriousFaults } from './playground-world.ts'

const context = 'The 🌊 is in ro. max is in oz.'

/** SHOTS=FOLDER keeps pictures. */
const shot = (page: Page, name: string) =>
  process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/log-${name}.png` }) : undefined

describeChromium('from the playground to annotated questions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-log-'))
  const log_questions = join(folder, 'questions.jsonl')
  const makeIndex = async () => {
    mkdirSync(join(folder, 'docs'))
    writeFileSync(join(folder, 'docs', 'sea.md'), '# Sea\n\nli was in the sea. una was in the den.\n')
    const output_dir = join(folder, 'index')
    await buildIndex([join(folder, 'docs')], { output_dir })
    return output_dir
  }
  const playground = playgroundWorld([], makeIndex, { log_questions, log_below: 0.999 })
  const annotate = annotateWorld()
  afterAll(() => rmSync(folder, { recursive: true }))

  async function kept(): Promise<QuestionLogEntry[]> {
    const entries: QuestionLogEntry[] = []
    for await (const { item } of readQuestionLog(log_questions)) if ('type' in item) entries.push(item)
    return entries
  }

  it('says that questions are kept, and keeps them with their corrections', async () => {
    const page = await playground.open()
    const notice = page.locator('[role=note]')
    await notice.waitFor()
    expect(await notice.textContent()).toContain('This server keeps questions')
    await shot(page, 'documents')
    await page.fill('#question', 'who was in the sea?')
    await page.press('#question', 'Enter')
    await page.waitForSelector('.sourced')
    await page.locator('.sourced button').first().dblclick()
    await page.locator('.sourced .saved', { hasText: 'Correct' }).waitFor()
    await shot(page, 'confirmed')
    expect(await seriousFaults(page)).toEqual([])

    await page.click('text=Your text')
    await notice.waitFor()
    await giveText(page, context)
    await ask(page, 'who is in oz?')
    await shot(page, 'playground')
    expect(await seriousFaults(page)).toEqual([])
    await page.click('.wrong')
    await page.fill('#right', 'max')
    await page.click('text=This is the answer')
    await page.waitForSelector('.saved')
    await expect.poll(async () => (await kept()).at(-1)?.type).toBe('correction')
    await page.click('[aria-label^=Corrections]')
    await page.locator('dialog[open]', { hasText: 'This server keeps your corrections too' }).waitFor()
    await shot(page, 'corrections')
    expect(await seriousFaults(page)).toEqual([])
    await page.setViewportSize({ width: 390, height: 844 })
    await page.keyboard.press('Escape')
    await shot(page, 'phone')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)

    const entries = await kept()
    const answers = [{ text: 'max', answer_start: context.indexOf('max') }]
    expect(entries.at(-1)).toMatchObject({ question: 'who is in oz?', answers })
    expect(entries.map((entry) => (entry.type === 'text' ? entry.source?.document : entry.question))).toEqual([
      'docs/sea.md',
      'who was in the sea?',
      'who was in the sea?',
      undefined,
      'who is in oz?',
      'who is in oz?',
    ])
  })

  itInFull('leads to the annotation page of the same server', async () => {
    const output = join(folder, 'served')
    const questions = join(folder, 'served.jsonl')
    const project = await ServedProject.open(output, questions)
    const log = pino({ level: 'silent' })
    const host = '127.0.0.1'
    const server = await startServer([`tiny=${tinyFolder}`], {
      ...{ ...SERVER_DEFAULTS, host, port: 0, log, log_questions: questions, log_below: 1 },
      annotate: (app, models) => project.register(app, models, { tokens: [], host, log }),
    })
    try {
      const page = await annotate.open(server.address)
      await giveText(page, context)
      await ask(page, 'who is in oz?')
      await shot(page, 'link')
      await page.click('text=Annotate')
      await page.fill('#person', 'ann')
      await page.press('#person', 'Enter')
      await page.locator('.item', { hasText: 'max is in oz' }).click()
      await page.waitForSelector('.asked[aria-current=true] .proposal')
      await shot(page, 'served')
      expect(await seriousFaults(page)).toEqual([])
      await page.keyboard.press('a')
      await page.waitForSelector('.answered')
      const [{ responses }] = (await annotate.stored(output)).questions.values()
      expect(responses.get('ann')).toMatchObject({ outcome: 'accepted' })
    } finally {
      await server.close()
      await project.close()
    }
  })

  itInFull('opens them in annotate, least certain first, to accept and correct', async () => {
    const asked = ['who is in oz?', 'who is in ro?', 'who is there?']
    for (const question of asked) await playground.answers(question, `${question} ${context}`)
    const { address, folder } = await annotate.start({ data: readFileSync(log_questions, 'utf8') })
    const page = await annotate.open(address, 'ann')
    expect(await page.inputValue('select[aria-label=Order]')).toBe('certainty')
    const numbers = async () =>
      (await page.locator('.item').allTextContents()).flatMap(
        (text) => /(\d+)\s% certain/.exec(text)?.slice(1).map(Number) ?? [],
      )
    const before = await numbers()
    expect(before.length).toBeGreaterThanOrEqual(4)
    expect(before).toEqual([...before].sort((a, b) => a - b))
    await page.locator('.proposal', { hasText: 'tiny suggests' }).first().waitFor()
    await shot(page, 'annotate')
    expect(await seriousFaults(page)).toEqual([])

    // Accept and finish each passage by keyboard; the least certain of the others opens.
    for (let left = before.length; left > 0; left--) {
      await page.waitForSelector('.asked[aria-current=true] .proposal')
      const text = await page.textContent('#passage')
      await page.keyboard.press(left === 2 ? '0' : 'a')
      await page.waitForSelector('.answered')
      await expect.poll(async () => (await numbers()).length).toBe(left - 1)
      await page.keyboard.press('d')
      if (left > 1) await page.waitForFunction((text) => document.querySelector('#passage')?.textContent !== text, text)
    }
    const state = await annotate.stored(folder)
    const outcomes = [...state.questions.values()].map(({ responses }) => responses.get('ann')?.outcome)
    expect(outcomes.filter((outcome) => outcome === 'corrected')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(before.length - 1)
    expect(exportExamples(state).examples).toHaveLength(before.length)
  })
})
