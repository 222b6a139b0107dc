import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { describeChromium, launchChromium } from '../chromium.ts'
import { itInFull } from '../thorough.ts'
import { tinyService } from '../tiny-service.ts'

describeChromium('the documentation of the API in a browser', () => {
  itInFull('shows every route under its content security policy, and loads nothing from other origins', async () => {
    const service = await tinyService()
    onTestFinished(() => service.close())
    await service.app.listen({ port: 0, host: '127.0.0.1' })
    const address = `http://127.0.0.1:${(service.app.server.address() as AddressInfo).port}`
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const faults: string[] = []
    const elsewhere: string[] = []
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('pageerror', (error) => faults.push(error.message))
    page.on(
      'request',
      (request) => /^(data:|http:\/\/127\.0\.0\.1:)/.test(request.url()) || elsewhere.push(request.url()),
    )

    await page.goto(`${address}/docs`)
    await page.getByText('/api/answer', { exact: true }).first().click()
    await page.getByText('Retry-After').first().waitFor()

    const routes = await page.locator('.opblock-summary-path').allTextContents()
    expect(routes.map((route) => route.replaceAll('\u200b', ''))).toEqual(
      expect.arrayContaining(['/api/answer', '/api/batch', '/api/stream', '/api/models', '/health', '/metrics']),
    )
    expect(faults).toEqual([])
    expect(elsewhere).toEqual([])
  })
})
