import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeChromium } from '../chromium.ts'
import { itInFull, thoroughOr } from '../thorough.ts'
import { tinyText } from '../tiny-service.ts'
import { answered, ask, giveText, playgroundWorld, seriousFaults } from './playground-world.ts'

const SCHEMES = thoroughOr<readonly ('light' | 'dark')[]>(['light', 'dark'], ['light'])

const context = 'in ka eve, bo is in ro. li was in the den, and una in the pit by the sea.'
const question = 'who is in ro?'
const shown = (page: Page, selector: string) => page.locator(selector).allInnerTexts()
const lit = async (page: Page, kind: string) => (await page.locator(`.text mark.${kind}`).allTextContents()).join('')

async function isInView(page: Page, kind: string): Promise<boolean> {
  const box = await page.locator(`.text mark.${kind}`).first().boundingBox()
  const view = (await page.locator('.text').boundingBox())!
  return box !== null && box.y > view.y && box.y + box.height < view.y + view.height
}

describeChromium('the playground', () => {
  const world = playgroundWorld()

  it('shows the answer in the text with its confidence, and announces it to screen readers', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, question)
    const { answers } = await world.answers(question, context)
    const [best] = answers
    expect(await lit(page, 'best-0')).toBe(best.answer)
    expect(await page.innerText('.answer.chosen .words')).toBe(best.answer)
    expect(await page.innerText('.answer.chosen .sure')).toBe(`${Math.round(100 * best.confidence!) || '<1'}\u00a0%`)
    expect(await page.innerText('[role=status].unseen')).toContain(`Answer: ${best.answer}`)
    expect(await page.textContent('.text')).toBe(context)
  })

  it('highlights another answer on hover and on focus', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, question)
    const further = page.locator('.answer:not(.chosen)').first()
    const words = await further.locator('.words').innerText()
    await further.hover()
    expect(await lit(page, 'lit-0')).toBe(words)
    await page.mouse.move(0, 0)
    expect(await lit(page, 'lit-0')).toBe('')
    await further.focus()
    expect(await lit(page, 'lit-0')).toBe(words)
  })

  it('asks several questions at once, one per line, and shows the answers to each in the text', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?\nwho was in the den?\n\nwho is in ro?')
    expect(await shown(page, '.card h2')).toEqual(['who is in ro?', 'who was in the den?'])
    const second = await world.answers('who was in the den?', context)
    await page.click('text=who was in the den?')
    expect(await lit(page, 'best-0')).toBe(second.answers[0].answer)
    await page.click('[aria-label="Remove the question: who was in the den?"]')
    expect(await shown(page, '.card h2')).toEqual(['who is in ro?'])
  })

  it('requires a text, and uses a typed text when a question is asked', async () => {
    const page = await world.open()
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    expect(await page.innerText('.complaint p')).toMatch(/^There is no text yet/)
    await page.fill('textarea#text', context)
    await page.press('#question', 'Enter')
    await answered(page)
    expect(await page.locator('.complaint').count()).toBe(0)
    expect(await page.textContent('.text')).toBe(context)
    await page.click('text=Edit')
    await page.fill('textarea#text', 'li is in ro.')
    await page.click('text=Use this text')
    expect(await page.locator('.card').count()).toBe(0)
  })

  it('shows one percentage per place, and none for its variants', async () => {
    const page = await world.open()
    await giveText(page, 'bo is.')
    await ask(page, question)
    const shares = await shown(page, '.answer .sure')
    const { answers } = await world.answers(question, 'bo is.')
    expect(answers.length).toBeGreaterThan(2)
    expect(shares[0]).toMatch(/^<?\d+\u00a0%$/)
    expect(await page.locator('.answer .sure[title^="A variant"]').count()).toBeGreaterThan(0)
    for (const [i, { start, end, confidence }] of answers.entries())
      if (answers.slice(0, i).some((better) => start < better.end && better.start < end)) expect(confidence).toBeNull()
  })

  it('explains why a model without confidence has no percentages and no threshold', async () => {
    const page = await world.open()
    await giveText(page, context)
    await page.click('label:has-text("embedded")')
    await page.click('label:has-text("tiny")')
    await ask(page, question)
    const reason = await page.locator('.answer.chosen .sure').getAttribute('title')
    expect(reason).toMatch(/^No percentage, because fitting one requires at least 200 questions/)
    expect((await shown(page, '.answer .sure')).join(' ')).not.toContain('\u00a0%')
    expect(await page.isDisabled('#threshold')).toBe(true)
    expect(await page.innerText('form:has(#threshold)')).toContain('No percentage, because')
    const { answers, no_answer } = await world.answers(question, context, 'embedded')
    expect(answers[0].confidence).toBeNull()
    expect(no_answer.confidence).toBeNull()
  })

  it('shows no answer whose confidence is below the threshold', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, question)
    await page.focus('#threshold')
    await page.keyboard.press('End')
    expect(await page.innerText('.none')).toMatch(/^No answer\s+The best guess has only \d+\u00a0% confidence.$/)
    expect(await lit(page, 'best-0')).toBe('')
    await page.keyboard.press('Home')
    expect(await lit(page, 'best-0')).not.toBe('')
  })

  it('shows the answers of two models side by side in different colors', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, question)
    await page.click('label:has-text("embedded")')
    await answered(page)
    for (const [place, model] of ['tiny', 'embedded'].entries()) {
      const { answers } = await world.answers(question, context, model)
      expect(await page.innerText(`.one.model-${place} .answer.chosen .words`)).toBe(answers[0].answer)
      expect(await lit(page, `best-${place}`)).toBe(answers[0].answer)
    }
    await page.click('label:has-text("tiny")')
    await expect.poll(() => page.locator('.one').count()).toBe(1)
  })

  itInFull('reads a book of 100,000 words in blocks, and shows answers in the meantime', async () => {
    const book = tinyText(100_000)
    const page = await world.open()
    await page.evaluate(() => {
      const inView = new Set<EventTarget | null>()
      document.addEventListener('contentvisibilityautostatechange', (event) => {
        if ((event as ContentVisibilityAutoStateChangeEvent).skipped) inView.delete(event.target)
        else inView.add(event.target)
      })
      Object.assign(globalThis, { inView })
    })
    await giveText(page, book)
    expect(await page.innerText('.reading .bar .note')).toBe('100,000 words')
    await page.waitForFunction(() => (globalThis as unknown as { inView: Set<unknown> }).inView.size > 0)
    const all = await page.locator('.block').count()
    const laidOut = await page.evaluate(() => (globalThis as unknown as { inView: Set<unknown> }).inView.size)
    expect(all).toBeGreaterThan(100)
    expect(laidOut).toBeLessThan(20)

    // Observed from the start, because the state may be visible only briefly on a fast machine.
    const early = page.evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          new MutationObserver(() => {
            const [bar, answer] = [document.querySelector('progress'), document.querySelector('.answer.chosen')]
            if (bar && answer && bar.value < bar.max) resolve(true)
          }).observe(document.body, { subtree: true, childList: true, attributes: true })
        }),
    )
    await page.fill('#question', question)
    await page.press('#question', 'Enter')
    expect(await early).toBe(true)
  })

  it('scrolls to the answer in a long text', async () => {
    const page = await world.open()
    await giveText(page, tinyText(3000))
    await ask(page, question)
    await expect.poll(() => isInView(page, 'best-0')).toBe(true)
    await expect.poll(() => page.locator('.rail .best-0').count()).toBe(1)
  })

  it.each(thoroughOr([1280, 390], [390]))(
    'keeps the first model’s answer in view when models disagree, %i px wide',
    async (width) => {
      const page = await world.open({ viewport: { width, height: 860 } })
      const isBestInView = () => isInView(page, 'best-0')
      await giveText(page, tinyText(3000))
      await ask(page, question)
      await expect.poll(isBestInView).toBe(true)
      await page.click('label:has-text("embedded")')
      await answered(page)
      await expect.poll(isBestInView).toBe(true)
      await page.setViewportSize({ width: width - 60, height: 860 })
      await expect.poll(isBestInView).toBe(true)
      await ask(page, 'who was in the den?\nwho is in the pit?')
      for (const card of [1, 2, 0]) {
        await page.locator('.card h2 button').nth(card).click()
        await expect.poll(isBestInView).toBe(true)
      }
    },
  )

  itInFull('scrolls to a place even if the blocks above it are taller than estimated', async () => {
    const page = await world.open({ viewport: { width: 390, height: 860 } })
    const sentence = 'una in the pit by the sea'
    const text = `${'bo.\n'.repeat(1500)}${sentence}.\n${'li is in the den. '.repeat(1000)}`
    await giveText(page, text)
    await ask(page, question)
    await page.click('.wrong')
    await page.fill('#right', sentence)
    await expect.poll(() => isInView(page, 'marked')).toBe(true)
  })

  itInFull('keeps text, questions and unfinished input after a reload', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?\nwho was in the den?')
    await page.click('label:has-text("embedded")')
    await answered(page)
    await page.reload()
    await answered(page)
    expect(await page.textContent('.text')).toBe(context)
    expect(await shown(page, '.card h2')).toEqual(['who is in ro?', 'who was in the den?'])
    expect(await page.locator('.one.model-1').count()).toBe(2)
    await page.click('text=Edit')
    await page.fill('textarea#text', 'bo is in the den')
    await page.reload()
    await expect.poll(() => page.inputValue('textarea#text')).toBe('bo is in the den')
  })

  itInFull('marks places next to the scroll bar only if there is one', async () => {
    const page = await world.open({ viewport: { width: 1200, height: 800 } })
    await giveText(page, context)
    await ask(page, question)
    expect(await page.locator('.text mark.best-0').count()).toBeGreaterThan(0)
    expect(await page.locator('.rail').count()).toBe(0)
    await page.setViewportSize({ width: 1200, height: 200 })
    await page.locator('.rail .best-0').waitFor({ state: 'attached' })
  })

  it('can be used without a mouse', async () => {
    const page = await world.open()
    await giveText(page, context)
    await page.locator('body').press('/')
    await page.keyboard.type('who is in ro?')
    await page.keyboard.press('Enter')
    await answered(page)
    await page.locator('.card h2 button').focus()
    await page.keyboard.press('?')
    expect(await page.innerText('dialog[open] h2')).toBe('Help')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('dialog[open]').count()).toBe(0)
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('who is in ro?')
    await page.keyboard.press('t')
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('text')
  })

  it.each(thoroughOr(SCHEMES, SCHEMES.slice(0, 1)))(
    'has no serious accessibility problems in axe-core, %s',
    async (colorScheme) => {
      const page = await world.open({ colorScheme })
      expect(await seriousFaults(page)).toEqual([])
      await giveText(page, context)
      await page.click('label:has-text("embedded")')
      await ask(page, 'who is in ro?\nwho was in the den?')
      await page.hover('.answer >> nth=1')
      expect(await seriousFaults(page)).toEqual([])
      await page.click('.wrong >> nth=0')
      await page.fill('#right', 'in')
      expect(await seriousFaults(page)).toEqual([])
      await page.click('text=This is the answer')
      for (const name of ['History', 'Corrections (1)', 'Share', 'Help']) {
        await page.click(`[aria-label="${name}"]`)
        await page.waitForSelector('dialog[open] h2')
        expect(await seriousFaults(page), name).toEqual([])
        await page.keyboard.press('Escape')
      }
    },
  )

  it('switches to dark mode and stays dark', async () => {
    const page = await world.open({ colorScheme: 'light' })
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await paper()
    await page.click('[aria-label="Switch theme"]')
    await expect.poll(paper).not.toBe(light)
    const dark = await paper()
    await page.reload()
    await page.waitForSelector('#text')
    expect(await paper()).toBe(dark)
  })

  it('is never wider than a phone', async () => {
    const page = await world.open({ viewport: { width: 360, height: 740 } })
    // The page is drawn shortly after the change.
    const fits = () => expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await fits()
    await giveText(page, `${context} ${'x'.repeat(3000)} ${'https://example.org/'.repeat(40)}`)
    await page.click('label:has-text("embedded")')
    await ask(page, `who is in ${'o'.repeat(300)}?`)
    await fits()
    await page.click('.wrong')
    await fits()
    for (const name of ['History', 'Corrections', 'Share', 'Help']) {
      await page.click(`[aria-label="${name}"]`)
      const dialog = page.locator('dialog[open]')
      await expect.poll(() => dialog.evaluate(({ scrollWidth }) => scrollWidth)).toBeLessThanOrEqual(360)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
  })
})
