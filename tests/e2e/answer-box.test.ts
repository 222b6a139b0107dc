import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { describeChromium, launchChromium } from '../chromium.ts'
import { read } from '../source-tree.ts'
import { tinyService } from '../tiny-service.ts'
import { tinyExamples } from '../tiny-squad.ts'

const [snippet] = /<form id="ask">[\s\S]*?<\/script>/.exec(read('docs/deployment.md'))!
const [{ question, context }] = tinyExamples(1)

describeChromium('the answer box of docs/deployment.md in a page of another origin', () => {
  it('shows the answer in its text, says when nothing is found, and what the service refuses', async () => {
    let html = ''
    const site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html))
    await new Promise<void>((done) => void site.listen(0, '127.0.0.1', done))
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    const service = await tinyService({ corsOrigins: [origin] })
    const address = await service.app.listen({ port: 0, host: '127.0.0.1' })
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      const status = async (text: string, asked: string, from = snippet) => {
        html = `<!doctype html><main>${text}</main>${from.replace('http://127.0.0.1:8000', address)}`
        await page.goto(origin)
        await page.fill('[name=question]', asked)
        await page.keyboard.press('Enter')
        await page.waitForFunction(() => !/^(Reading ...)?$/.test(document.querySelector('[role=status]')!.textContent))
        return page.locator('[role=status]')
      }
      const shown = await status(context, question)
      const { answers } = (await (
        await fetch(`${address}/api/answer`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ question, context }),
        })
      ).json()) as { answers: { answer: string; start: number }[] }
      const [{ answer, start }] = answers
      expect(await shown.locator('mark').textContent()).toBe(answer)
      // The tiny model is sure of nothing.
      const sentence = context.split('. ').find((_, i, all) => all.slice(0, i + 1).join('. ').length > start)
      expect((await shown.textContent())!.replace(/\.$/, '')).toBe(`Perhaps: ${sentence!.replace(/\.$/, '')}`)
      expect(await (await status('', question)).textContent()).toMatch(/^There is no answer: /)
    } finally {
      await browser.close()
      await service.close()
      site.close()
    }
  })
})
