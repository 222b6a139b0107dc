/** <answer-box> within the life of a page: several boxes, changes, removal, languages, policies and failures. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import { packageFile } from '../../src/package-root.ts'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import { describeChromium } from '../chromium.ts'
import { itInFull } from '../thorough.ts'
import { tinyService, tinyText } from '../tiny-service.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { seriousFaults } from './playground-world.ts'
import { fileHost, useSite } from './site-world.ts'

const CORS = { 'access-control-allow-origin': '*' }

describeChromium('<answer-box>', () => {
  const { world } = useSite((output_dir) =>
    exportSiteOf([`tiny=${tinyFolder}`, `other=${tinyFolder}`], { output_dir, dtypes: ['fp32'], runtimes: ['node'] }),
  )
  let closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    await Promise.all(closers.map((close) => close()))
    closers = []
  })

  /** Opens a page of another origin than the site's. SITE in its text is the address of the site. */
  async function openPage(body: string, policy?: string) {
    const host = await fileHost(world.site.folder, { headers: CORS })
    const html = `<!doctype html><html lang="en"><title>Page</title>${body}`.replaceAll('SITE', host.address)
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      ...(policy && { 'content-security-policy': policy.replaceAll('ORIGIN', new URL(host.address).origin) }),
    }
    const other = createServer((_request, response) => response.writeHead(200, headers).end(html))
    await new Promise<void>((done) => void other.listen(0, '127.0.0.1', done))
    const page = await world.browser.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    const origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    closers.push(async () => {
      await page.close()
      await host.close()
      other.close()
    })
    await page.goto(origin)
    return { page, host, said, origin }
  }

  const SCRIPT = '<script type="module" src="SITEanswer-box.js"></script>'
  const statusOf = (page: Page, box = 'answer-box') => page.locator(`${box} [role=status]`)
  const settled = (page: Page, box?: string) =>
    expect.poll(() => statusOf(page, box).textContent()).not.toMatch(/^((Searching|Preparing).*)?$/)
  const markOf = (page: Page, box: string) => page.locator(`${box} mark`).textContent()

  it('answers in two boxes about two texts, which share the model, with the keyboard alone', async () => {
    const { page, host } = await openPage(
      `<p id="a">bo is in ro.</p><p id="b">li was in the den.</p>
       <answer-box id="x" for="#a" sure="0"></answer-box><answer-box id="y" for="#b" sure="0"></answer-box>${SCRIPT}`,
    )
    for (const question of ['who is in ro?', 'who was in the den?']) {
      await page.keyboard.press('Tab')
      await page.keyboard.type(question)
      await page.keyboard.press('Enter')
      // To the button of the box.
      await page.keyboard.press('Tab')
    }
    await settled(page, '#x')
    await settled(page, '#y')
    expect('bo is in ro.').toContain(await markOf(page, '#x'))
    expect('li was in the den.').toContain(await markOf(page, '#y'))
    expect(host.requested.filter((path) => path === 'models/1-tiny/model.onnx').length).toBe(1)
    expect(await seriousFaults(page)).toEqual([])
  })

  itInFull('ends its search when it is removed, and answers when it is back', async () => {
    const { page } = await openPage(`<main>${tinyText(60_000)}</main><answer-box sure="0"></answer-box>${SCRIPT}`)
    await page.fill('answer-box input', 'who is in ro?')
    await page.click('answer-box button')
    await expect.poll(() => statusOf(page).textContent()).toMatch(/Searching this page: \d+ %/)
    const box = await page.evaluateHandle(() => {
      const found = document.querySelector('answer-box')!
      found.remove()
      document.querySelector('main')!.textContent = 'bo is in ro.'
      document.body.append(found)
      return found
    })
    expect(await statusOf(page).textContent()).toBe('')
    await page.click('answer-box button')
    await settled(page)
    expect('bo is in ro.').toContain(await markOf(page, 'answer-box'))
    await box.dispose()
  })

  itInFull('follows its attributes and messages, also those set before its script is loaded', async () => {
    const { page } = await openPage(
      `<main>bo is in ro.</main><answer-box sure="1"></answer-box>
       <script>document.querySelector('answer-box').messages = { button: 'Fragen', nothing: 'Nichts gefunden.' }</script>${SCRIPT}`,
    )
    const button = page.locator('answer-box button')
    await expect.poll(() => button.textContent()).toBe('Fragen')
    const set = (name: string, value?: string) =>
      page.evaluate(
        ([name, value]) =>
          value === undefined
            ? document.querySelector('answer-box')!.removeAttribute(name!)
            : document.querySelector('answer-box')!.setAttribute(name!, value),
        [name, value],
      )
    await set('button', 'Los')
    await set('label', 'Diese Seite fragen')
    expect(await button.textContent()).toBe('Los')
    expect(await page.getAttribute('answer-box input', 'aria-label')).toBe('Diese Seite fragen')
    expect(await page.getAttribute('answer-box input', 'placeholder')).toBe('Diese Seite fragen')
    await set('button')
    expect(await button.textContent()).toBe('Fragen')
    await page.fill('answer-box input', 'who is in ro?')
    await page.click('answer-box button')
    await settled(page)
    expect(await statusOf(page).textContent()).toBe('Nichts gefunden.')
    // The next question uses the other model, and a lower threshold.
    await set('model', 'other')
    await set('sure', '0')
    await page.click('answer-box button')
    await settled(page)
    expect('bo is in ro.').toContain(await markOf(page, 'answer-box'))
  })

  itInFull('shows right-to-left text from right to left, and fits a dark page', async () => {
    const text = 'دو إس إن رو. لي في البحر.'
    const { page } = await openPage(
      `<style>:root { color-scheme: dark; background: #111; color: #eee }</style><main>${text}</main>
       <div dir="rtl"><answer-box sure="0" label="اسأل"></answer-box></div>${SCRIPT}`,
    )
    const direction = (part: string) =>
      page.locator(`answer-box ${part}`).evaluate((element) => getComputedStyle(element).direction)
    await page.fill('answer-box input', 'لي؟')
    expect(await direction('input')).toBe('rtl')
    await page.click('answer-box button')
    await settled(page)
    expect(await direction('[role=status]')).toBe('rtl')
    expect(await seriousFaults(page)).toEqual([])
  })

  itInFull('works under a policy that allows only what docs/site.md lists', async () => {
    const { page } = await openPage(
      `<main>bo is in ro.</main><answer-box sure="0"></answer-box>${SCRIPT}`,
      `default-src 'none'; script-src ORIGIN 'wasm-unsafe-eval'; connect-src ORIGIN; worker-src blob:`,
    )
    await page.fill('answer-box input', 'who is in ro?')
    await page.click('answer-box button')
    await settled(page)
    expect('bo is in ro.').toContain(await markOf(page, 'answer-box'))
    const display = await page.locator('answer-box form').evaluate((form) => getComputedStyle(form).display)
    expect(display).toBe('flex')
  })

  itInFull.each([
    ['no workers', `script-src ORIGIN 'wasm-unsafe-eval'; connect-src ORIGIN; worker-src 'none'`],
    ['no WebAssembly', 'script-src ORIGIN; connect-src ORIGIN; worker-src blob:'],
    ['no downloads', `script-src ORIGIN 'wasm-unsafe-eval'; connect-src 'none'; worker-src blob:`],
  ])('tells the owner of a page whose policy allows %s what it must allow', async (_, policy) => {
    const { page, said, host } = await openPage(
      `<main>bo is in ro.</main><answer-box sure="0"></answer-box>${SCRIPT}`,
      `default-src 'none'; ${policy}`,
    )
    await page.fill('answer-box input', 'who is in ro?')
    await page.click('answer-box button')
    await settled(page)
    expect(await statusOf(page).textContent()).toBe('The search does not work at the moment.')
    const { origin } = new URL(host.address)
    expect(said.join('\n')).toContain(
      `script-src ${origin} 'wasm-unsafe-eval'; connect-src ${origin}; worker-src blob:`,
    )
  })

  itInFull('tells the owner that a server requires a token or does not allow the origin', async () => {
    const pages = packageFile('dist/web')
    const service = await tinyService({ corsOrigins: ['https://one.example'], pages })
    const guarded = await tinyService({ corsOrigins: ['*'], pages, tokens: ['secret'] })
    closers.push(service.close, guarded.close)
    const [foreign, locked] = await Promise.all(
      [service, guarded].map(({ app }) => app.listen({ port: 0, host: '127.0.0.1' })),
    )
    const { page, said, origin } = await openPage(
      `<main>bo is in ro.</main><answer-box server="${foreign}"></answer-box>${SCRIPT}`,
    )
    const ask = async () => {
      await page.fill('answer-box input', 'who is in ro?')
      await page.click('answer-box button')
      await settled(page)
      expect(await statusOf(page).textContent()).toBe('The search does not work at the moment.')
    }
    await ask()
    expect(said.join('\n')).toContain(`spanforge serve --cors ${origin}`)
    await page.evaluate((server) => document.querySelector('answer-box')!.setAttribute('server', server), locked)
    await ask()
    expect(said.join('\n')).toMatch(/the server responded with 401/)
  })
})
