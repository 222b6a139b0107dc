import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeChromium, launchChromium } from '../chromium.ts'
import { read } from '../source-tree.ts'
import { tinyService } from '../tiny-service.ts'
import { tinyExamples } from '../tiny-squad.ts'

const [snippet] = /<form id="ask">[\s\S]*?<\/script>/.exec(read('docs/deployment.md'))!
const [{ question, context }] = tinyExamples(1)

/** Terms for operators of the service, which visitors of a page must not see. */
const OPERATORS_WORDS = /server|service|--|max-|status|token|window|\d{3}|undefined|JSON/i

describeChromium('the answer box of docs/deployment.md on a page of another origin', () => {
  const world = {} as {
    browser: Browser
    origin: string
    address: string
    html: string
    close(): Promise<unknown>
  }

  beforeAll(async () => {
    const site = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end(`<!doctype html>${world.html}`),
    )
    await new Promise<void>((done) => void site.listen(0, '127.0.0.1', done))
    world.origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    const service = await tinyService({ corsOrigins: [world.origin], limits: { context: 10_000 } })
    world.address = await service.app.listen({ port: 0, host: '127.0.0.1' })
    world.browser = await launchChromium()
    world.close = () => Promise.all([world.browser.close(), service.close(), site.close()])
  })
  afterAll(() => world.close?.())

  /** Opens a page with the box and the given text and threshold. */
  async function openBox(text: string, sure = 0): Promise<Page> {
    const box = snippet
      .replace('http://127.0.0.1:8000', world.address)
      .replace('const sure = 0.2', `const sure = ${sure}`)
    expect(box).toContain(`const sure = ${sure}`)
    world.html = `<main>${text}</main>${box}`
    const page = await world.browser.newPage()
    await page.goto(world.origin)
    return page
  }

  async function said(page: Page, asked: string): Promise<string> {
    await page.locator('[name=question]').evaluate((input: HTMLInputElement, value) => {
      input.value = value
    }, asked)
    await page.click('button')
    await page.waitForFunction(() => !/^(Searching.*)?$/.test(document.querySelector('[role=status]')!.textContent!))
    return (await page.textContent('[role=status]'))!
  }

  it('shows the answer in its sentence', async () => {
    const page = await openBox(context)
    const text = await said(page, question)
    const response = await fetch(`${world.address}/api/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ question, context }),
    })
    const [{ answer, start }] = ((await response.json()) as { answers: { answer: string; start: number }[] }).answers
    expect(await page.textContent('mark')).toBe(answer)
    const sentence = context.split('. ').find((_, i, all) => all.slice(0, i + 1).join('. ').length > start)!
    expect(text.replace(/\.$/, '')).toBe(sentence.replace(/\.$/, ''))
  })

  it('says that the page has no answer if the confidence is below the threshold or there is no text', async () => {
    for (const [text, sure] of [
      [context, 0.999],
      ['', 0],
    ] as const)
      expect(await said(await openBox(text, sure), question)).toBe('This page does not answer that.')
  })

  it.each([
    ['a long question', context, 'who '.repeat(2000), /shorter/],
    ['a long page', 'in '.repeat(4000), question, /too long/],
  ])('explains %s to visitors in plain words', async (_, text, asked, expected) => {
    const words = await said(await openBox(text), asked)
    expect(words).toMatch(expected)
    expect(words).not.toMatch(OPERATORS_WORDS)
  })

  it('explains to visitors in plain words why the service cannot answer', async () => {
    const page = await openBox(context)
    for (const status of [401, 403, 404, 408, 429, 500, 503, 504]) {
      await page.route('**/api/answer', (route) =>
        route.fulfill({
          status,
          headers: { 'access-control-allow-origin': '*' },
          body: '{"detail": "--max_requests"}',
        }),
      )
      expect(await said(page, question)).not.toMatch(OPERATORS_WORDS)
      await page.unrouteAll()
    }
    await page.route('**/api/answer', (route) => route.abort())
    expect(await said(page, question)).toBe('The search does not work at the moment.')
  })
})
