import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { describeChromium } from '../chromium.ts'
import { pdfOf } from '../pdf-file.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { itInFull } from '../thorough.ts'
import { answered, ask, giveText, playgroundWorld } from './playground-world.ts'

const hostile = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'

const chooseFile = (page: Page, name: string, content: string | Buffer) =>
  page.setInputFiles('input[type=file]', { name, mimeType: '', buffer: Buffer.from(content) })

/** Simulates dropping a file from the desktop on the page. */
const dropFile = (page: Page, name: string, content: string) =>
  page.evaluate(
    ([name, content]) => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([content], name))
      for (const type of ['dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
    },
    [name, content],
  )

const textOf = async (page: Page) => {
  await page.waitForSelector('.text')
  return page.textContent('.text')
}

describeChromium('texts on the playground', () => {
  const world = playgroundWorld()

  it.each([
    ['plain.txt', 'One line.\r\nAnother.', 'One line.\nAnother.'],
    [
      'page.html',
      '<title>t</title><h1>Title</h1><p>One <b>bold</b> word.<script>alert(1)</script>',
      'Title\n\nOne bold word.',
    ],
    ['notes.md', '# Title\n\nSome *emphasis* and a [link](https://example.org).', 'Title\n\nSome emphasis and a link.'],
    [
      'paper.pdf',
      pdfOf([
        { text: 'A sentence that is hyphen-', y: 720 },
        { text: 'ated at the end of a line.', y: 706 },
      ]),
      'A sentence that is hyphenated at the end of a line.',
    ],
    ['old.txt', Buffer.from([0x93, 0xe9, 0x94]), '“é”'],
  ])('are read from %s', async (name, content, expected) => {
    const page = await world.open()
    await chooseFile(page, name, content)
    expect(await textOf(page)).toBe(expected)
    expect(await page.innerText('.reading h2')).toBe(name)
  })

  it('can be pasted or dropped', async () => {
    const page = await world.open()
    await dropFile(page, 'dropped.txt', 'bo is in ro.')
    expect(await textOf(page)).toBe('bo is in ro.')
    await page.click('text=New text')
    await page.evaluate(() => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', 'li is in ka.')
      const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
      document.getElementById('text')!.dispatchEvent(paste)
    })
    expect(await textOf(page)).toBe('li is in ka.')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('question')
  })

  it.each([
    ['picture.png', Buffer.from([0x89, 0x50, 0, 0]), '“picture.png” is not a text file.'],
    ['broken.pdf', 'no pdf', '“broken.pdf” cannot be read as a PDF: '],
    ['scan.pdf', pdfOf([]), 'its pages are images without text'],
    ['empty.txt', '', '“empty.txt” contains no text.'],
  ])('are rejected with a reason: %s', async (name, content, expected) => {
    const page = await world.open()
    await chooseFile(page, name, content)
    await page.waitForSelector('.complaint')
    expect(await page.innerText('.complaint p')).toContain(expected)
  })

  itInFull('are escaped, as are their names and questions', async () => {
    const page = await world.open()
    await dropFile(page, `${hostile}.txt`, `${hostile} bo is in ro. `.repeat(3))
    expect(await textOf(page)).toContain(hostile)
    // The longest question for which the small model has room for a text.
    await ask(page, '<img src=x onerror=a>')
    await page.click('text=This is right')
    for (const name of ['History', 'Corrections (1)']) {
      await page.click(`[aria-label="${name}"]`)
      expect(await page.innerText('dialog[open]')).toContain('onerror')
      await page.keyboard.press('Escape')
    }
    // The browser reports scripts in the file that it does not run.
    world.provokes(/^Executing inline event handler violates .* The action has been blocked/s)
    await dropFile(page, 'page.html', `<p>&lt;script&gt; ${hostile}</p>`)
    await page.waitForFunction(() => document.querySelector('.text')?.textContent?.startsWith('<script>'))
    expect(await page.locator('#app img, #app script').count()).toBe(0)
    expect(await page.title()).not.toBe('taken')
  })

  it('are shared by a link with everything, which asks the questions again when opened', async () => {
    const page = await world.open()
    await giveText(page, 'bo is in ro. li 🦊 is in ka.')
    await page.click('label:has-text("embedded")')
    await ask(page, 'who is in ro?\nwho is in ka?')
    await page.click('[aria-label=Share]')
    const link = (await page.textContent('[aria-label="Link to this page"]'))!
    expect(link.startsWith(`${world.server.address}#share=`)).toBe(true)

    const other = await world.open({}, link)
    await answered(other)
    expect(await textOf(other)).toBe('bo is in ro. li 🦊 is in ka.')
    expect(await other.locator('.card h2').allInnerTexts()).toEqual(['who is in ro?', 'who is in ka?'])
    expect(await other.locator('.card:first-child .one').count()).toBe(2)

    const broken = await world.open({}, link.slice(0, -9))
    await broken.waitForSelector('.complaint')
    expect(await broken.innerText('.complaint p')).toContain('This link is corrupted')
  })

  itInFull('stay in the history until it is cleared', async () => {
    const page = await world.open()
    await giveText(page, 'bo is in ro.')
    await ask(page, 'who is in ro?')
    await page.reload()
    await page.click('[aria-label=History]')
    expect(await page.innerText('dialog[open] .visit b')).toBe('bo is in ro.')
    expect(await page.locator('dialog[open] .visit .line').allInnerTexts()).toEqual(['who is in ro?'])
    await page.click('dialog[open] .list button')
    await answered(page)
    expect(await textOf(page)).toBe('bo is in ro.')
    expect(await page.locator('.card h2').allInnerTexts()).toEqual(['who is in ro?'])
    await page.click('[aria-label=History]')
    await page.click('text=Clear history')
    expect(await page.locator('dialog[open] .list').count()).toBe(1)
    await page.click('text=Clear the whole history?')
    await page.reload()
    await page.click('[aria-label=History]')
    expect(await page.locator('dialog[open] .list').count()).toBe(0)
  })

  it('are offered as examples, each with questions', async () => {
    const page = await world.open()
    // The tiny model has no room for such questions.
    await page.click('label:has-text("embedded")')
    await page.click('label:has-text("tiny")')
    const count = await page.locator('.examples button').count()
    expect(count).toBe(4)
    for (let i = 0; i < count - 1; i++) {
      await page.locator('.examples button').nth(i).click()
      await answered(page)
      await page.click('text=New text')
    }
  })

  itInFull('of three megabytes without spaces are shown, and rejected by the server with a reason', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'word.txt'), 'x'.repeat(3_000_000))
    const page = await world.open()
    await page.setInputFiles('input[type=file]', join(folder, 'word.txt'))
    await page.waitForSelector('.text')
    await page.fill('#question', 'who?')
    await page.press('#question', 'Enter')
    await page.waitForSelector('.failed')
    expect(await page.innerText('.failed')).toMatch(/3000000 characters; the maximum is 2000000/)
  })
})
