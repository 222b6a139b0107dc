import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeChromium } from '../chromium.ts'
import { annotateWorld, selectWords } from './annotate-world.ts'
import { WITHOUT_STORAGE } from './without-storage.ts'

/** Four passages of a file, each with a question, after the two of the manual. */
const data = JSON.stringify(
  ['max', 'bo', 'li', 'una'].map((name) => ({
    id: name,
    question: `Where is ${name}?`,
    context: `${name} is in ro.`,
    answers: [],
  })),
)
const shownText = (page: Page) => page.locator('#passage').textContent()

describeChromium('mishaps on the annotation page', () => {
  const world = annotateWorld()

  it('opens the passage that was chosen last, in whichever order they arrive', async () => {
    const { address } = await world.start({ data })
    const page = await world.open(address, 'ann')
    const list = await fetch(new URL('api/passages?annotator=ann&limit=3&offset=0', address))
    const { passages } = (await list.json()) as { passages: { id: string }[] }
    const [, first, second] = passages.map(({ id }) => id)
    // The next passages arrive in reverse order.
    const release: Record<string, () => void> = {}
    const released = (id: string) => new Promise<void>((resolve) => (release[id] = resolve))
    const answers = new Map([first, second].map((id) => [id, released(id)]))
    const asked: string[] = []
    await page.route(/api\/passages\/\w/, async (route) => {
      const id = decodeURIComponent(new URL(route.request().url()).pathname.split('/').at(-1)!)
      asked.push(id)
      await answers.get(id)
      await route.continue()
    })
    await page.locator('[aria-label^="Next passage"]').dblclick()
    await expect.poll(() => new Set(asked)).toEqual(new Set([first, second]))
    release[second]()
    await page.waitForSelector('#passage')
    expect(await shownText(page)).toBe('max is in ro.')
    const late = page.waitForResponse((response) => response.url().includes(encodeURIComponent(first)))
    release[first]()
    await late
    await expect.poll(() => shownText(page)).toBe('max is in ro.')
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })

  it('shows the newest state of a passage, even if an older one arrives later', async () => {
    const { address } = await world.start()
    const page = await world.open(address, 'ann')
    const list = await fetch(new URL('api/passages?annotator=ann&limit=1&offset=0', address))
    const [{ id: passage }] = ((await list.json()) as { passages: { id: string }[] }).passages
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const older: unknown[] = []
    let isFirst = true
    await page.route(/api\/passages\/\w/, async (route) => {
      if (!isFirst) return route.continue()
      isFirst = false
      const response = await route.fetch()
      older.push(await response.json())
      await released
      await route.fulfill({ response })
    })
    // The page notices the question of another annotator by itself.
    const action = { type: 'question', id: 'bobs-question', passage, question: 'Is it bob’s?', annotator: 'bob' }
    const headers = { 'content-type': 'application/json' }
    await fetch(new URL('api/actions', address), { method: 'POST', headers, body: JSON.stringify(action) })
    await expect.poll(() => older).toMatchObject([{ questions: [{ question: 'Is it bob’s?' }] }])
    await page.fill('#new-question', 'Is it ann’s?')
    await page.press('#new-question', 'Enter')
    await page.locator('.asked[aria-current=true]', { hasText: 'Is it ann’s?' }).waitFor()
    const late = page.waitForResponse(/api\/passages\/\w/)
    release()
    await late
    // Once this has arrived, the page has received the response before, too.
    await page.evaluate(async () => (await fetch('api/project')).text())
    expect(await page.locator('.asked').count()).toBe(2)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })

  it('marks only one passage as done while the key is held down', async () => {
    const { address } = await world.start({ data })
    const page = await world.open(address, 'ann')
    await page.keyboard.down('d')
    await page.locator('.progress-line', { hasText: '1 of 6 passages' }).waitFor()
    // The progress changes before the next passage opens.
    await page.locator('#passage', { hasText: 'Clean the filter' }).waitFor()
    for (let i = 0; i < 5; i++) await page.keyboard.down('d')
    await page.keyboard.up('d')
    await page.keyboard.press('s')
    await page.locator('.progress-line', { hasText: '2 of 6 passages (1 skipped)' }).waitFor()
  })

  it('deletes a question only after a second click, which a double click is not', async () => {
    const { address } = await world.start()
    const page = await world.open(address, 'ann')
    // The last of many questions is in view once it is added.
    for (let i = 0; i < 8; i++) {
      await page.fill('#new-question', `Question ${i}?`)
      await page.press('#new-question', 'Enter')
      await page.locator('.asked[aria-current=true]', { hasText: `Question ${i}?` }).waitFor()
    }
    const isInView = () =>
      page.locator('.asked[aria-current=true]').evaluate((item) => item.getBoundingClientRect().bottom <= innerHeight)
    await expect.poll(isInView).toBe(true)
    await page.locator('.asked[aria-current=true] .delete').dblclick()
    await page.locator('.delete', { hasText: 'Delete for everyone?' }).waitFor()
    expect(await page.locator('.asked').count()).toBe(8)
  })

  it('leaves the server alone while it asks for the token, whose dialog a late answer would open again', async () => {
    const token = 'correct-horse-battery'
    const { address } = await world.start({ tokens: [token] })
    const page = await world.open(address)
    await page.clock.install()
    await page.reload()
    await page.waitForSelector('#token')
    const sent: (string | undefined)[] = []
    page.on('request', (request) => sent.push(request.headers().authorization))
    await page.clock.runFor(10_000)
    await page.fill('#token', token)
    await page.press('#token', 'Enter')
    await page.waitForSelector('#person')
    expect(new Set(sent)).toEqual(new Set([`Bearer ${token}`]))
  })

  it('closes the dialog before the next key, even if the browser paints late', async () => {
    const { address } = await world.start()
    const page = await world.open(address)
    await page.addInitScript('requestAnimationFrame = () => 0')
    await page.reload()
    await page.fill('#person', 'ann')
    await page.waitForSelector('[type=submit]:enabled')
    const isClosed = await page.evaluate(async () => {
      document.querySelector<HTMLFormElement>('.person-form')!.requestSubmit()
      await new Promise((rendered) => setTimeout(rendered))
      return document.querySelector('dialog[open]') === null
    })
    expect(isClosed).toBe(true)
  })

  it('keeps changes in the tab if the browser forbids storage, and saves them when the server is back', async () => {
    world.provokes(/ERR_FAILED/)
    const { address } = await world.start()
    const page = await world.open(address)
    await page.addInitScript(WITHOUT_STORAGE)
    await page.reload()
    await page.fill('#person', 'ann')
    await page.press('#person', 'Enter')
    await page.waitForSelector('dialog[open]', { state: 'detached' })
    await page.fill('#new-question', 'Which button?')
    await page.press('#new-question', 'Enter')
    await page.locator('.asked[aria-current=true]').waitFor()
    await selectWords(page, 'red button')
    // The message that then appears at the top moves the text.
    await page.route('**/api/**', (route) => route.abort())
    await page.click('text=This is the answer')
    await page
      .locator('.complaint', { hasText: 'Your last change is kept in this tab, which must stay open' })
      .waitFor()
    await page.unroute('**/api/**')
    await page.locator('.answers .answered', { hasText: 'red button' }).waitFor()
    await expect.poll(() => page.locator('.complaint').count()).toBe(0)
  })
})
