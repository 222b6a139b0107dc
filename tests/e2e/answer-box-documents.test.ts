/** <answer-box documents>, which answers from an index, with a server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packageFile } from '../../src/package-root.ts'
import { ServedIndex } from '../../src/server/collection/served-index.ts'
import type { CollectionResponse } from '../../src/server/http/collection-contract.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { smallCollection } from '../small-collection.ts'
import { itInFull } from '../thorough.ts'
import { tinyService } from '../tiny-service.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { seriousFaults } from './playground-world.ts'

describeChromium('<answer-box documents> with a server', () => {
  const world = {} as {
    folder: string
    browser: Browser
    origin: string
    html: string
    address: string
    withoutIndex: string
    close(): Promise<unknown>
  }

  beforeAll(async () => {
    world.folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    const site = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end(`<!doctype html><html lang="en">${world.html}`),
    )
    await new Promise<void>((done) => void site.listen(0, '127.0.0.1', done))
    world.origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    const options = { corsOrigins: [world.origin], pages: packageFile('dist/web') }
    const index = await ServedIndex.open(await smallCollection(world.folder))
    const [service, other] = await Promise.all([tinyService({ ...options, index }), tinyService(options)])
    const listen = ({ app }: typeof service) => app.listen({ port: 0, host: '127.0.0.1' })
    world.address = await listen(service)
    world.withoutIndex = await listen(other)
    world.browser = await launchChromium()
    world.close = () => Promise.all([world.browser.close(), service.close(), other.close(), site.close(), index.end()])
  })
  afterAll(async () => {
    await world.close?.()
    rmSync(world.folder, { recursive: true, force: true })
  })

  async function openBox(attributes: string, server = world.address) {
    world.html = `<title>Help</title><h1>Help</h1>
      <answer-box documents server="${server}" ${attributes}></answer-box>
      <script type="module" src="${server}/answer-box.js"></script>`
    const page = await world.browser.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    await page.goto(world.origin)
    return { page, said }
  }

  async function answered(page: Page, question: string): Promise<string> {
    await page.fill('answer-box input', question)
    await page.click('answer-box button')
    const status = page.locator('answer-box [role=status]')
    await expect.poll(() => status.textContent()).not.toMatch(/^(Searching.*)?$/)
    return (await status.textContent())!
  }

  async function search(question: string): Promise<CollectionResponse> {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ question })
    return (await fetch(`${world.address}/api/search`, { method: 'POST', headers, body })).json() as never
  }

  itInFull('says on the page of a server with several models which one answers from documents', async () => {
    const index = await ServedIndex.open(await smallCollection(join(world.folder, 'two')))
    const folders = [`tiny=${tinyFolder}`, `other=${tinyFolder}`]
    const service = await tinyService({ folders, pages: packageFile('dist/web'), index })
    const page = await world.browser.newPage()
    await page.goto(await service.app.listen({ port: 0, host: '127.0.0.1' }))
    const note = page.getByText('Of the selected models, only tiny answers from documents.')
    await page.locator('.models label', { hasText: 'other' }).click()
    await note.waitFor()
    await page.locator('.models label', { hasText: 'other' }).click()
    await note.waitFor({ state: 'detached' })
    await page.close()
    await service.close()
    await index.end()
  })

  it.each([
    ['where is bo?', 'Long › Pump'],
    ['max?', 'docs/short.pdf, page 2'],
  ])('answers "%s" in its sentence, with a link to its place in the document', async (question, source) => {
    const { page } = await openBox('sure="0"')
    const text = await answered(page, question)
    const { answers, passages } = await search(question)
    const [{ answer, start, source: found }] = answers
    expect(await page.locator('answer-box mark').textContent()).toBe(answer)
    const link = page.locator('answer-box a')
    expect(await link.textContent()).toBe(source)
    const sentence = text.slice(0, -source.length)
    expect(sentence).toContain(answer)
    expect(passages[found!.passage].text).toContain(sentence)
    expect(await seriousFaults(page)).toEqual([])
    await page.screenshot({ path: process.env.SHOTS ? `${process.env.SHOTS}/box.png` : undefined })
    await link.click()
    await page.waitForSelector('.text mark')
    expect((await page.locator('.text mark').allTextContents()).join('')).toBe(answer)
    expect(page.url()).toContain(`start=${start}&`)
    await page.close()
  })

  itInFull('dispatches the answer with its source', async () => {
    const { page } = await openBox('sure="0"')
    const detail = page.evaluate(
      () =>
        new Promise((resolve) =>
          document.addEventListener('answer', (event) => resolve((event as CustomEvent).detail), { once: true }),
        ),
    )
    await answered(page, 'where is bo?')
    const [{ answer, start, end, score, confidence, source }] = (await search('where is bo?')).answers
    expect(await detail).toEqual({ question: 'where is bo?', answer, start, end, score, confidence, source })
    await page.close()
  })

  it('says that the documents have no answer if no passage matches or the score is too low', async () => {
    for (const [question, sure] of [
      ['xyzzy', 0],
      ['where is bo?', 1],
    ] as const) {
      const { page } = await openBox(`sure="${sure}"`)
      expect(await answered(page, question)).toBe('The documents do not answer that.')
      expect(await page.locator('answer-box a').count()).toBe(0)
      await page.close()
    }
  })

  itInFull('tells the owner that the server has no index', async () => {
    const { page, said } = await openBox('', world.withoutIndex)
    expect(await answered(page, 'where is bo?')).toBe('The search does not work at the moment.')
    expect(said.join('\n')).toContain(
      `${world.withoutIndex} has no index of documents, which the attribute "documents" requires. Start it with: spanforge serve --index INDEX --cors ${world.origin}`,
    )
    await page.close()
  })
})
