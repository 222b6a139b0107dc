/** The page of `npm start` with a starter model: two models, and what each can do. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { exportModel } from '../../src/index.ts'
import { SERVER_DEFAULTS } from '../../src/server/defaults.ts'
import { startServer } from '../../src/server/server.ts'
import { describeChromium, launchChromium } from '../chromium.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { ask, giveText, seriousFaults } from './playground-world.ts'

describeChromium('the page with a starter model', () => {
  it('answers with it first, says what each model can do, and does not propose to train an export', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    await exportModel(tinyFolder, { output_dir: folder, dtypes: ['q8'], force: true, runtimes: ['node'] })
    const models = [
      { id: 'starter', source: folder, about: 'answers questions about English texts' },
      { id: 'demo', source: tinyFolder, about: 'just trained' },
    ]
    const server = await startServer(models, { ...SERVER_DEFAULTS, port: 0, log: pino({ level: 'silent' }) })
    const browser = await launchChromium()
    try {
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
      await page.goto(server.address)
      await page.waitForSelector('.about-models')
      expect(await page.locator('.hint .about-models').innerText()).toMatch(
        /^Choose at the top which models answer:\s+starter: answers questions about English texts\s+demo: just trained$/,
      )
      expect(await page.locator('.chip:has(:checked)').allInnerTexts()).toEqual(['starter'])
      expect(await seriousFaults(page)).toEqual([])
      await giveText(page, 'bo is in ro.')
      await ask(page, 'who is in ro?')
      await page.click('text=This is right')
      const command = page.getByRole('group', { name: 'Command that trains on the corrections' })
      await page.click('button[aria-label^="Corrections"]')
      expect(await command.innerText()).toContain('train --model MODEL --train_file corrections.json')
      expect(await page.locator('dialog[open]').innerText()).toContain(
        'starter is an exported model, which cannot be trained',
      )
      await page.keyboard.press('Escape')
      await page.click('.chip:has-text("demo")')
      await page.click('.chip:has-text("starter")')
      await page.click('button[aria-label^="Corrections"]')
      expect(await command.innerText()).toContain(`--model ${tinyFolder} `)
    } finally {
      await browser.close()
      await server.close()
      rmSync(folder, { recursive: true })
    }
  })
})
