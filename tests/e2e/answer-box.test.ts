import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/checkpoint/tokenizer-folder.ts'
import { searchDocuments } from '../../src/inference/pipeline.ts'
import { loadPretrained } from '../../src/inference/pretrained.ts'
import { packageFile } from '../../src/package-root.ts'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { itInFull } from '../thorough.ts'
import { tinyService } from '../tiny-service.ts'
import { tinyExamples, tinyFolder } from '../tiny-squad.ts'
import { fileHost, watch } from './site-world.ts'

const [{ question, context }] = tinyExamples(1)

/** Terms for operators of the service, which visitors of a page must not see. */
const OPERATORS_WORDS = /server|service|--|max-|status|token|window|\d{3}|undefined|JSON/i

describeChromium('<answer-box> on a page of another origin, with a server', () => {
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
    const pages = packageFile('dist/web')
    const service = await tinyService({ corsOrigins: [world.origin], limits: { context: 10_000 }, pages })
    world.address = await service.app.listen({ port: 0, host: '127.0.0.1' })
    world.browser = await launchChromium()
    world.close = () => Promise.all([world.browser.close(), service.close(), site.close()])
  })
  afterAll(() => world.close?.())

  /** Opens a page with the box and the given text and threshold. */
  async function openBox(text: string, sure = 0): Promise<Page> {
    const box =
      `<answer-box server="${world.address}" sure="${sure}"></answer-box>` +
      `<script type="module" src="${world.address}/answer-box.js"></script>`
    world.html = `<main>${text}</main>${box}`
    const page = await world.browser.newPage()
    await page.goto(world.origin)
    return page
  }

  async function said(page: Page, asked: string): Promise<string> {
    await page.locator('input[name=question]').evaluate((input: HTMLInputElement, value) => {
      input.value = value
    }, asked)
    await page.click('button')
    const status = page.locator('answer-box [role=status]')
    await expect.poll(() => status.textContent()).not.toMatch(/^((Searching|Preparing).*)?$/)
    return (await status.textContent())!
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
    expect(await page.locator('answer-box mark').textContent()).toBe(answer)
    const sentence = context.split('. ').find((_, i, all) => all.slice(0, i + 1).join('. ').length > start)!
    expect(text.replace(/\.$/, '')).toBe(sentence.replace(/\.$/, ''))
  })

  itInFull('takes its colors from a dark page that does not declare a color scheme', async () => {
    const page = await openBox(context)
    const colors = await page.evaluate(() => {
      document.body.style.cssText = 'background: rgb(24, 24, 24); color: rgb(238, 238, 238)'
      const parts = ['input', 'button'].map((part) =>
        getComputedStyle(document.querySelector('answer-box')!.shadowRoot!.querySelector(part)!),
      )
      return [...parts.map(({ color }) => color), parts[0].backgroundColor]
    })
    expect(colors).toEqual(['rgb(238, 238, 238)', 'rgb(238, 238, 238)', 'rgba(0, 0, 0, 0)'])
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

describeChromium('<answer-box> on a page of another origin, with the model of a site', () => {
  const world = {} as { folder: string; site: string; browser: Browser }

  beforeAll(async () => {
    world.folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    world.site = join(world.folder, 'site')
    await exportSiteOf([`tiny=${tinyFolder}`], { output_dir: world.site, dtypes: ['fp32'], runtimes: ['node'] })
    world.browser = await launchChromium()
  })
  afterAll(async () => {
    await world.browser?.close()
    rmSync(world.folder, { recursive: true, force: true })
  })

  /** Asks on a page of another origin, whose policy allows only what docs/site.md lists. */
  async function asked(attributes: string, headers: Readonly<Record<string, string>>) {
    const host = await fileHost(world.site, { headers })
    const { origin } = new URL(host.address)
    const policy = `default-src 'none'; script-src ${origin} 'wasm-unsafe-eval'; connect-src ${origin}; worker-src blob:; style-src 'unsafe-inline'`
    const page = await world.browser.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    const body = `<!doctype html><p id="other">li was in the den.</p><main>${context}</main><answer-box sure="0" ${attributes}></answer-box><script type="module" src="${host.address}answer-box.js"></script>`
    const other = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy }).end(body),
    )
    await new Promise<void>((done) => void other.listen(0, '127.0.0.1', done))
    const ownAddress = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`
    const faults = watch(page.context(), [host.address, ownAddress])
    await page.goto(ownAddress)
    try {
      await page.locator('answer-box input').fill(question)
      await page.locator('answer-box button').click()
      const status = page.locator('answer-box [role=status]')
      await expect.poll(() => status.textContent()).not.toMatch(/^((Searching|Preparing).*)?$/)
      const mark = await page.locator('answer-box mark').allTextContents()
      const kept = await page.evaluate(() => globalThis.caches?.keys() ?? [])
      return { status: await status.textContent(), mark, requested: host.requested, faults, kept, said }
    } finally {
      await page.close()
      await host.close()
      other.close()
    }
  }

  const CORS = { 'access-control-allow-origin': '*' }

  it('answers like Node, loads files only from the site, and keeps nothing in the storage of the page', async () => {
    const { mark, requested, faults, kept } = await asked('', CORS)
    const [{ model }, tokenizer] = await Promise.all([loadPretrained(tinyFolder), loadTokenizer(tinyFolder)])
    for await (const { candidates } of searchDocuments(model, tokenizer, [question], [context]))
      expect(mark).toEqual([candidates[0].answer])
    await model.release()
    expect(faults).toEqual([])
    expect(kept).toEqual([])
    expect(requested).toContain('models/1-tiny/model.onnx')
    expect(requested.filter((path) => /webgpu|asyncify|index|assets/.test(path))).toEqual([])
  })

  itInFull('searches the element of its attribute "for"', async () => {
    const { status } = await asked('for="#other"', CORS)
    expect('li was in the den.').toContain(status!.replace(/\.$/, ''))
  })

  itInFull('tells visitors that the search does not work, and the owner why', async () => {
    const { status, said } = await asked('model="nope"', CORS)
    expect(status).toBe('The search does not work at the moment.')
    expect(said.join('\n')).toContain('unknown model "nope". Available models: tiny.')
  })
})

describe('a service with CORS', () => {
  it('answers preflight requests of the listed origins only', async () => {
    const { app, close } = await tinyService({ corsOrigins: ['https://one.example', 'https://two.example'] })
    const preflight = (origin: string) =>
      app.inject({
        method: 'OPTIONS',
        url: '/api/answer',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      })
    const allowed = await preflight('https://two.example')
    expect(allowed.statusCode).toBe(204)
    expect(allowed.headers['access-control-allow-origin']).toBe('https://two.example')
    expect(allowed.headers['access-control-allow-headers']).toContain('content-type')
    expect((await preflight('https://three.example')).headers['access-control-allow-origin']).toBeUndefined()
    await close()
  })
})
