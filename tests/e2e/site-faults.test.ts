/** What the page of an exported site says when something is missing, fails or changes. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import { describeChromium, SOFTWARE_WEBGPU } from '../chromium.ts'
import { itInFull } from '../thorough.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { ask, giveText } from './playground-world.ts'
import { localStatus, untilKept, useSite } from './site-world.ts'

const context = 'bo is in ro. li was in the den.'
const question = 'who is in ro?'
const choice = { dtypes: ['fp32'], runtimes: ['node'] }

/** Pages find a graphics adapter, but workers cannot use it. */
function pretendWebGpu(): void {
  const adapter = { features: new Set(), info: {} }
  Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => adapter } })
}

const complaint = async (page: Page): Promise<string> => {
  await page.waitForSelector('.complaint')
  return page.innerText('.complaint p')
}

const worksOffline = async (page: Page) => (await localStatus(page)).includes('works offline')

async function answers(page: Page): Promise<void> {
  await giveText(page, context)
  await ask(page, question)
  expect(context).toContain(await page.innerText('.answer.chosen .words'))
}

describeChromium('an exported site', () => {
  const { world, open } = useSite((output_dir) => exportSiteOf([`tiny=${tinyFolder}`], { output_dir, ...choice }))

  it('uses WebAssembly with all threads if WebGPU fails, and says so', async () => {
    const { page } = await open({ before: pretendWebGpu })
    await answers(page)
    const status = await localStatus(page)
    expect(status).toContain('WebAssembly, 2 threads. WebGPU has failed with this graphics adapter.')
    expect(status).not.toMatch(/one thread|1 thread/)
    expect(await page.locator('[title*=parameters]').first().getAttribute('title')).toContain('WebAssembly, 2 threads')
    await untilKept(page)
  })

  itInFull('does not blame WebGPU if a file is missing', async () => {
    const { page } = await open({ before: pretendWebGpu, changed: { 'models/1-tiny/model.onnx': () => undefined } })
    expect(await complaint(page)).toContain('models/1-tiny/model.onnx is missing on the host')
    expect(await localStatus(page)).not.toContain('WebGPU has failed')
  })

  const missing = (path: string) => ({ changed: { [path]: () => undefined } })

  itInFull.each(['models/1-tiny/model.onnx', 'runtime/ort-wasm-simd-threaded.js', 'reader-wasm.js'])(
    'explains that %s is missing on a host that responds with its start page',
    async (path) => {
      const { page } = await open({ ...missing(path), isSinglePage: true })
      expect(await complaint(page)).toContain(
        `${path} is missing on the host of this page, which responded with a web page`,
      )
      expect(await worksOffline(page)).toBe(false)
    },
  )

  itInFull('explains that its list of models is missing on such a host, or is corrupted', async () => {
    const such = await open({ ...missing('site.json'), isSinglePage: true })
    await expect.poll(() => such.page.innerText('body')).toMatch(/site\.json is missing on the host.*web page instead/)
    const other = await open({ changed: { 'site.json': (content) => content.subarray(0, 100) } })
    await expect.poll(() => other.page.innerText('body')).toContain('site.json is corrupted on the host')
  })

  itInFull('answers if its service worker is missing, and says that it does not work offline', async () => {
    for (const isSinglePage of [false, true]) {
      const { page } = await open({ ...missing('sw.js'), isSinglePage })
      await answers(page)
      const status = await localStatus(page)
      expect(status).toMatch(/1 thread\. The browser allows this page only one thread/)
      expect(status).toMatch(/This page does not work offline: sw\.js is missing on the host/)
    }
  })

  itInFull('explains that the host does not deliver a script as JavaScript', async () => {
    const worker = await open({ types: { 'reader-wasm.js': 'application/octet-stream' } })
    expect(await complaint(worker.page)).toMatch(
      /reader-wasm\.js cannot be run.*delivers it as application\/octet-stream/,
    )
    const start = await open({
      changed: { 'index.html': (html) => Buffer.from(`${html}`.replace(/assets\/site/g, 'gone/site')) },
    })
    await expect.poll(() => start.page.innerText('body')).toMatch(/A script of this page cannot be loaded: http.*gone/)
    start.faults.length = 0
  })

  itInFull('answers in a browser that stores nothing', async () => {
    const { page } = await open({
      before: () => {
        const refuse = () => {
          throw new DOMException('Access is denied for this document.', 'SecurityError')
        }
        for (const name of ['localStorage', 'sessionStorage', 'caches'])
          Object.defineProperty(window, name, { get: refuse })
        Object.defineProperty(navigator, 'serviceWorker', { get: refuse })
      },
    })
    await answers(page)
    expect(await localStatus(page)).toMatch(/does not keep pages for offline use/)
  })

  itInFull('no longer says that it works offline when its files have been deleted', async () => {
    // The page notices it even while it still looks for a new version.
    const before = () => {
      if (isSecureContext) ServiceWorkerRegistration.prototype.update = () => new Promise(() => {})
    }
    const { page } = await open({ before })
    await untilKept(page)
    await page.evaluate(async () => {
      for (const name of await caches.keys()) await caches.delete(name)
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await expect.poll(() => worksOffline(page)).toBe(false)
    await answers(page)
    await page.reload()
    await untilKept(page)
  })

  itInFull('says in another tab that there is a new version, and not that the old one works offline', async () => {
    const folder = join(world.folder, 'updated')
    cpSync(world.site.folder, folder, { recursive: true })
    // With one processor, the page is not reloaded for threads, so it begins without a service worker.
    const {
      host,
      context: browser,
      page,
    } = await open({
      folder,
      before: () => Object.defineProperty(navigator, 'hardwareConcurrency', { value: 1 }),
    })
    await untilKept(page)
    await exportSiteOf([`other=${tinyFolder}`], { output_dir: folder, ...choice, overwrite: true })
    const second = await browser.newPage()
    await second.goto(host.address)
    await page.waitForSelector('text=A new version of this page is available.')
    expect(await worksOffline(page)).toBe(false)
    await answers(page)
    await page.click('text=Reload')
    await page.waitForSelector('.model:has-text("other")')
    await untilKept(page)
  })
})

describeChromium('an exported site with a graphics adapter', () => {
  const { world, open } = useSite(
    (output_dir) => exportSiteOf([`tiny=${tinyFolder}`], { output_dir, ...choice }),
    SOFTWARE_WEBGPU,
  )

  itInFull('answers with WebGPU, and loads the runtime for WebGPU only', async () => {
    const { page, host } = await open({ query: '?device=webgpu' })
    await answers(page)
    expect(await localStatus(page)).toContain('in this browser: WebGPU.')
    expect(host.requested).toContain('reader-webgpu.js')
    expect(host.requested).not.toContain('reader-wasm.js')
    expect(host.sent).toBeGreaterThan(world.site.first_visit.webgpu)
  })

  itInFull('prefers WebAssembly to an adapter in software', async () => {
    const { page } = await open()
    await untilKept(page)
    expect(await localStatus(page)).toContain('in this browser: WebAssembly')
  })
})
