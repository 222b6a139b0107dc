import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeChromium } from '../chromium.ts'
import { holdRoute } from './hold-route.ts'
import { answered, ask, giveText, playgroundWorld } from './playground-world.ts'
import { WITHOUT_STORAGE } from './without-storage.ts'

const context = 'in ka eve, bo is in ro. li was in the den, and una in the pit by the sea.'
const question = 'who is in ro?'

const models = '**/api/models'

describeChromium('mishaps on the playground', () => {
  const world = playgroundWorld()
  const openBlank = () => world.open({}, 'about:blank')

  it('does not need the storage of the browser', async () => {
    const page = await openBlank()
    await page.addInitScript(WITHOUT_STORAGE)
    await page.goto(world.server.address)
    await giveText(page, context)
    await ask(page, question)
    expect(await page.locator('.complaint').count()).toBe(0)
    await page.locator('.judgment >> text=This is right').click()
    expect(await page.innerText('.complaint')).toContain('cannot store your corrections')
    expect(await page.innerText('.badge')).toBe('1')
  })

  it('keeps a text that is typed after a reload, before the models are loaded', async () => {
    const page = await world.open()
    await giveText(page, context)
    const proceed = await holdRoute(page, models)
    await page.reload()
    await page.fill('textarea#text', 'max is in oz.')
    proceed()
    await page.locator('.models label').first().waitFor()
    expect(await page.inputValue('textarea#text')).toBe('max is in oz.')
  })

  it('answers questions that are asked before the models are loaded', async () => {
    const page = await openBlank()
    const proceed = await holdRoute(page, models)
    await page.goto(world.server.address)
    await giveText(page, context)
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    await page.locator('.card', { hasText: 'Loading the models …' }).waitFor()
    proceed()
    await answered(page)
  })

  it('loads the models again when a question is asked after the server could not be reached', async () => {
    world.provokes(/ERR_FAILED/)
    const page = await openBlank()
    await page.route(models, (route) => route.abort())
    await page.goto(world.server.address)
    const complaint = page.locator('.complaint', { hasText: 'Cannot reach the server' })
    await complaint.waitFor()
    await giveText(page, context)
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    await page.locator('.card', { hasText: 'The models could not be loaded.' }).waitFor()
    expect(await complaint.count()).toBe(1)
    await page.unroute(models)
    await page.click('.card >> text=Try again')
    await answered(page)
  })

  it('shows questions that are too long, instead of asking them', async () => {
    const page = await world.open()
    await page.waitForSelector('.chip')
    await giveText(page, context)
    const long = 'who? '.repeat(1000)
    await page.fill('#question', long)
    await page.press('#question', 'Enter')
    expect(await page.innerText('.complaint')).toContain('The question has 4,999 characters; the maximum is 2,000.')
    expect(await page.locator('.card').count()).toBe(0)
    expect(await page.inputValue('#question')).toBe(long)
  })

  it('keeps the corrections and the history of all tabs', async () => {
    const correct = async (page: Page, text: string) => {
      await giveText(page, text)
      await ask(page, question)
      await page.locator('.judgment >> text=This is right').click()
    }
    // Both are open before anything is stored.
    const [one, other] = [await world.open(), await world.open()]
    await correct(one, context)
    await other.locator('.badge', { hasText: '1' }).waitFor()
    await correct(other, 'max is in ro.')
    await one.locator('.badge', { hasText: '2' }).waitFor()
    // Browsers hardly draw tabs in the background.
    await one.bringToFront()
    await one.click('[aria-label=History]')
    await expect.poll(() => one.locator('.visit').count()).toBe(2)
  })

  it('asks before all corrections are removed, also after a double click', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, question)
    await page.locator('.judgment >> text=This is right').click()
    await page.click('[aria-label="Corrections (1)"]')
    await page.locator('dialog >> text=Remove all').dblclick()
    const sure = page.locator('dialog >> text=Remove 1 correction?')
    await sure.waitFor()
    expect(await page.locator('.pair').count()).toBe(1)
    await sure.click()
    await page.locator('dialog', { hasText: 'If an answer is wrong' }).waitFor()
  })

  it('closes a dialog after a click outside, but not after a selection that ends there', async () => {
    const page = await world.open()
    await page.click('[aria-label=Help]')
    const { x, y } = (await page.locator('dialog[open] p').first().boundingBox())!
    await page.mouse.move(x + 20, y + 10)
    await page.mouse.down()
    await page.mouse.move(5, y + 10, { steps: 3 })
    await page.mouse.up()
    expect(await page.locator('dialog[open]').count()).toBe(1)
    await page.mouse.click(5, y + 10)
    await expect.poll(() => page.locator('dialog[open]').count()).toBe(0)
  })
})
