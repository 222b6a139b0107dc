import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { parseSquad } from '../../src/squad/reading/squad-json.ts'
import { describeChromium } from '../chromium.ts'
import { runHere } from '../run-here.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { itInFull } from '../thorough.ts'
import { tinyText } from '../tiny-service.ts'
import { ask, giveText, playgroundWorld } from './playground-world.ts'

const context = 'in ka 🦊🦊 eve, bo is in ro.\n\nli was in the den, and una in the pit by the sea.'

/** Selects words of the text with the mouse at human speed, so that the page is redrawn in between. */
async function drawOver(page: Page, words: string): Promise<void> {
  const [from, to] = await page.evaluate((words) => {
    const walker = document.createTreeWalker(document.querySelector('.text')!, NodeFilter.SHOW_TEXT)
    const nodes: Text[] = []
    while (walker.nextNode()) nodes.push(walker.currentNode as Text)
    const at = nodes
      .map((node) => node.data)
      .join('')
      .indexOf(words)
    const placeOf = (index: number) => {
      let rest = index
      let node = nodes[0]
      for (const next of nodes.slice(1)) {
        if (rest < node.length) break
        rest -= node.length
        node = next
      }
      const range = document.createRange()
      range.setStart(node, rest)
      range.setEnd(node, rest + 1)
      return range.getBoundingClientRect()
    }
    const [first, last] = [placeOf(at), placeOf(at + words.length - 1)]
    return [
      { x: first.left + 0.5, y: first.top + first.height / 2 },
      { x: last.right - 0.5, y: last.top + last.height / 2 },
    ]
  }, words)
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  for (let step = 1; step <= 6; step++) {
    const at = (name: 'x' | 'y') => from[name] + ((to[name] - from[name]) * step) / 6
    await page.mouse.move(at('x'), at('y'))
    await page.waitForTimeout(60)
  }
  await page.mouse.up()
}

async function downloaded(page: Page, folder: string): Promise<string> {
  await page.click('[aria-label^=Corrections]')
  const waiting = page.waitForEvent('download')
  await page.click('dialog[open] button.primary')
  const download = await waiting
  expect(download.suggestedFilename()).toBe('corrections.json')
  const path = join(folder, 'corrections.json')
  await download.saveAs(path)
  return path
}

const marked = async (page: Page) => (await page.locator('.text mark.marked').allTextContents()).join('')

describeChromium('correcting answers on the playground', () => {
  const world = playgroundWorld()

  it('collects passages selected with the mouse in a training file', async () => {
    const folder = temporaryFolder()
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?')
    await page.click('.wrong')
    await drawOver(page, 'bo')
    expect(await marked(page)).toBe('bo')
    await page.click('text=This is the answer')
    expect(await page.innerText('.saved')).toBe('Correct: “bo”')

    const path = await downloaded(page, folder)
    const file = readFileSync(path, 'utf8')
    expect(JSON.parse(file).version).toBe('1.1')
    const [{ question, answers, ...one }] = parseSquad(file, path)
    expect(one.context).toBe(context)
    expect([question, answers]).toEqual(['who is in ro?', [{ text: 'bo', answer_start: context.indexOf('bo') }]])
    expect(await runHere('data', 'check', path, '--json')).toMatchObject({ code: 0 })

    const command = (await page.textContent('[aria-label="Command that trains on the corrections"]'))!
    const argv = command.split(' ').slice(2)
    const rename = new Map([
      ['corrections.json', path],
      ['corrected', join(folder, 'corrected')],
    ])
    const trained = await runHere(...argv.map((word) => rename.get(word) ?? word), '--json')
    expect(trained.code, trained.stderr).toBe(0)
    expect(JSON.parse(trained.stdout)).toMatchObject({ epoch: 3 })
  })

  it('accepts “There is no answer”, which sets the version of the file to v2.0', async () => {
    const folder = temporaryFolder()
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?\nwho is in oz?')
    await page.click('.card:nth-child(1) >> text=This is right')
    await page.click('.card:nth-child(2) .wrong')
    await page.click('text=There is no answer')
    expect(await page.innerText('.card:nth-child(2) .saved')).toBe('Correct: no answer')
    const path = await downloaded(page, folder)
    expect(JSON.parse(readFileSync(path, 'utf8')).version).toBe('v2.0')
    expect(parseSquad(readFileSync(path, 'utf8'), path).map(({ answers }) => answers.length)).toEqual([1, 0])
    expect(await runHere('data', 'check', path, '--json')).toMatchObject({ code: 0 })
    expect((await page.textContent('[aria-label="Command that trains on the corrections"]'))!).toContain(
      '--version_2_with_negative',
    )
  })

  it('highlights the saved answer, and nothing if there is none', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?')
    expect(await page.locator('.text mark').count()).toBeGreaterThan(0)
    await page.click('.wrong')
    await page.click('text=There is no answer')
    await expect.poll(() => page.locator('.text mark').count()).toBe(0)
    await page.hover('.answer >> nth=0')
    expect(await page.locator('.text mark.lit-0').count()).toBeGreaterThan(0)
    await page.mouse.move(0, 0)
    await page.click('.wrong')
    await page.fill('#right', 'una')
    await page.keyboard.press('Enter')
    expect(await page.locator('.text mark').allTextContents()).toEqual(['una'])
  })

  itInFull('keeps the passage around the answer in a long text', async () => {
    const folder = temporaryFolder()
    const page = await world.open()
    await giveText(page, tinyText(20_000))
    await ask(page, 'who is in ro?')
    await page.click('text=This is right')
    const [{ context, answers }] = parseSquad(readFileSync(await downloaded(page, folder), 'utf8'), 'corrections')
    expect(context.length).toBeLessThan(1300)
    expect(context.slice(answers[0].answer_start)).toMatch(new RegExp(`^${answers[0].text}`))
  })

  itInFull('shows the training command with line breaks at spaces only', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?')
    await page.click('text=This is right')
    await page.click('[aria-label^=Corrections]')
    const lines = page.locator('.copy .word').evaluateAll((words) => words.map((word) => word.clientHeight))
    expect(new Set(await lines).size).toBe(1)
  })

  it.each([
    { width: 390, height: 844 },
    { width: 360, height: 640 },
  ])('on a phone of $width x $height does not cover the panel with the text', async (viewport) => {
    const page = await world.open({ viewport, hasTouch: true, isMobile: true })
    await giveText(page, tinyText(500))
    await ask(page, 'who is in ro?\nwho was in the den?\nwho is in the pit?')
    for (const wrong of [0, 2]) {
      await page.locator('.wrong').nth(wrong).click()
      const [panel, pane] = await Promise.all(
        ['.correction', '.paper.reading'].map(async (selector) => (await page.locator(selector).boundingBox())!),
      )
      expect(panel.y).toBeGreaterThanOrEqual(pane.y + pane.height)
      expect(panel.y).toBeLessThan(viewport.height - 100)
      await page.click('text=Cancel')
    }
  })

  it('is possible by keyboard, by typing the words or moving the selection', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who was in the den?')
    await page.locator('.card h2 button').press('w')
    await page.keyboard.type('in')
    expect(await page.innerText('.correction .field')).toContain('1 of 4')
    await page.click('[aria-label="Next place"]')
    expect(await page.innerText('.correction .field')).toContain('2 of 4')
    await page.fill('#right', 'zzz')
    expect(await page.innerText('.correction [role=status]')).toBe('The text does not contain this.')
    await page.fill('#right', 'li')
    expect(await marked(page)).toBe('li')
    await page.locator('#text').press('ArrowRight')
    expect(await marked(page)).toBe('was')
    await page.locator('#text').press('ArrowLeft')
    await page.locator('#text').press('Shift+ArrowRight')
    expect(await marked(page)).toBe('li was')
    await page.locator('#text').press('Escape')
    expect(await page.locator('.correction').count()).toBe(0)
    await page.locator('.card h2 button').press('w')
    await page.fill('#right', 'li')
    await page.keyboard.press('Enter')
    expect(await page.innerText('.saved')).toBe('Correct: “li”')
  })

  itInFull('accepts another answer with one click or by keyboard, and previews it in the text', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?')
    const further = await page.locator('.answer:not(.chosen) .words').allInnerTexts()
    await page.click('.wrong')
    const choices = page.getByRole('list', { name: 'Or choose one of the answers found:' }).getByRole('button')
    expect(await choices.locator('.words').allInnerTexts()).toEqual(further)
    expect(further.length).toBeGreaterThan(0)
    await choices.first().hover()
    expect((await page.locator('.text mark.lit-0').allTextContents()).join('')).toBe(further[0])
    await choices.first().click()
    expect(await page.innerText('.saved')).toBe(`Correct: “${further[0]}”`)
    expect(await page.locator('.text mark.lit-0').count()).toBe(0)

    // Repeat from the element that the panel left focused. The answer marked as wrong may have been correct.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Change')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const best = await page.innerText('.answer.chosen .words')
    expect(await page.innerText('.saved')).toBe(`Correct: “${best}”`)
    expect(await page.innerText('[role=status].unseen')).toBe(`Saved as correct: “${best}”. 1 correction in total.`)
  })

  itInFull('keeps corrections after a reload, until they are removed', async () => {
    const page = await world.open()
    await giveText(page, context)
    await ask(page, 'who is in ro?')
    await page.click('text=This is right')
    await page.reload()
    await page.click('[aria-label="Corrections (1)"]')
    await page.click('[aria-label="Remove the correction of: who is in ro?"]')
    expect(await page.innerText('dialog[open]')).toContain('If an answer is wrong')
    await page.reload()
    expect(await page.locator('[aria-label="Corrections"]').count()).toBe(1)
  })
})

describeChromium('a playground whose server requires a token', () => {
  const world = playgroundWorld(['a-token-of-sixteen-or-more'])

  it('asks for the token and then continues', async () => {
    const page = await world.open()
    expect(await page.innerText('dialog[open] h2')).toBe('This server requires a token')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('token')
    await page.keyboard.type('wrong')
    await page.click('text=Continue')
    await page
      .getByRole('alert')
      .filter({ hasText: /^Invalid token\./ })
      .waitFor()
    expect(await page.locator('.complaint').count()).toBe(0)
    // Typing replaces the wrong token.
    await page.keyboard.type('a-token-of-sixteen-or-more')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.chip')
    await giveText(page, context)
    await ask(page, 'who is in ro?')
    expect(await page.locator('.answer.chosen').count()).toBe(1)
  })
})
