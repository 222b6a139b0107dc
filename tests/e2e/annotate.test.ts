import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { exportExamples } from '../../src/annotate/export.ts'
import type { ProjectState } from '../../src/annotate/project/state.ts'
import { parseSquad, toSquadJson } from '../../src/squad/reading/squad-json.ts'
import { describeChromium } from '../chromium.ts'
import { startKillable } from '../killable-cli.ts'
import { itInFull } from '../thorough.ts'
import { tinyFolder } from '../tiny-squad.ts'
import { annotateWorld, selectWords } from './annotate-world.ts'
import { seriousFaults } from './playground-world.ts'

/** SHOTS=FOLDER keeps pictures. */
const shot = (page: Page, name: string) =>
  process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/annotate-${name}.png` }) : undefined

/** Questions with the texts of their answers by annotator. */
const answersOf = (state: ProjectState) =>
  Object.fromEntries(
    [...state.questions.values()].map(({ question, responses }) => [
      question,
      Object.fromEntries([...responses].map(([name, { answers }]) => [name, answers.map(({ text }) => text)])),
    ]),
  )

async function addQuestion(page: Page, question: string, shown: string | RegExp = question): Promise<void> {
  await page.fill('#new-question', question)
  await page.press('#new-question', 'Enter')
  await page.locator('.asked[aria-current=true]', { hasText: shown }).waitFor()
}

describeChromium('the annotation page', () => {
  const world = annotateWorld()

  it('takes questions and answers by mouse, and exports them', async () => {
    const { address, folder } = await world.start()
    const page = await world.open(address, 'ann')
    await addQuestion(page, 'Which button?')
    await selectWords(page, 'red button')
    await page.click('text=This is the answer')
    await page.locator('.answers .answered', { hasText: 'red button' }).waitFor()
    await selectWords(page, 'red')
    await page.click('text=Add another answer')
    await expect.poll(() => page.locator('.answers .answered span').allTextContents()).toEqual(['red button', 'red'])
    await shot(page, 'answers')

    // Marked first, asked later. The text has a character outside the basic plane before the answer.
    await page.keyboard.press('Escape')
    await selectWords(page, 'green')
    await page.fill('#new-question', 'What color?')
    await page.press('#new-question', 'Enter')
    await page.locator('.asked[aria-current=true] .answered', { hasText: 'green' }).waitFor()

    await addQuestion(page, 'Who built it?')
    await page.click('.asked[aria-current=true] >> text=No answer')
    await page.locator('.asked[aria-current=true] .answered', { hasText: 'No answer in this passage' }).waitFor()

    await page.click('.asked[aria-current=true] >> text=Edit')
    await page.fill('.editor input', 'Who made it?')
    await page.press('.editor input', 'Enter')
    await page.locator('.asked .title', { hasText: 'Who made it?' }).waitFor()
    await page.click('.asked[aria-current=true] >> text=Comment')
    await page.fill('.editor input', 'Not in the manual?')
    await page.press('.editor input', 'Enter')
    await page.locator('.comments', { hasText: 'ann: Not in the manual?' }).waitFor()

    await addQuestion(page, 'A mistake?')
    await page.click('.asked[aria-current=true] .delete')
    await page.click('text=Delete for everyone?')
    await expect.poll(() => page.locator('.asked').count()).toBe(3)

    await page.click('.reading .tools >> text=Done')
    await page.waitForFunction(() => document.querySelector('#passage')?.textContent?.includes('filter'))
    await page.click('.reading .tools >> text=Skip')
    await expect.poll(() => page.locator('.progress-line').textContent()).toContain('2 of 2 passages (1 skipped)')
    expect(await seriousFaults(page)).toEqual([])

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Export')])
    const examples = parseSquad(readFileSync(await download.path(), 'utf8'), 'export')
    expect(examples.map(({ question, answers }) => [question, answers.map(({ text }) => text)])).toEqual([
      ['Which button?', ['red button', 'red']],
      ['What color?', ['green']],
      ['Who made it?', []],
    ])
    expect(exportExamples(await world.stored(folder)).examples).toEqual(examples)
  })

  itInFull('searches texts, headings, questions and comments, and filters', async () => {
    const rows = [{ id: 'a', question: 'Who sailed?', context: 'una was in the sea.', answers: [] }]
    const { address } = await world.start({ data: JSON.stringify(rows) })
    const page = await world.open(address, 'ann')
    const found = () => page.locator('.item .words').allTextContents()
    await expect.poll(async () => (await found()).length).toBe(3)
    await page.keyboard.press('/')
    await page.keyboard.type('RED button')
    await expect.poll(found).toEqual([expect.stringContaining('red button')])
    await page.fill('#search', 'cleaning')
    await expect.poll(found).toEqual([expect.stringContaining('filter')])
    await page.fill('#search', 'who sailed')
    await expect.poll(found).toEqual([expect.stringContaining('una')])
    await page.locator('.item').click()
    await page.click('.reading .tools >> text=Comment on the passage')
    await page.fill('.editor input', 'Which ship?')
    await page.press('.editor input', 'Enter')
    await page.fill('#search', 'which ship')
    await expect.poll(found).toEqual([expect.stringContaining('una')])
    await page.fill('#search', 'nothing has this')
    await expect.poll(found).toEqual([])
    expect(await page.locator('.found').textContent()).toBe('0 passages')
    expect(await seriousFaults(page)).toEqual([])
    await page.fill('#search', '')
    await page.selectOption('select[aria-label="Which passages"]', 'commented')
    await expect.poll(found).toEqual([expect.stringContaining('una')])
    await page.selectOption('select[aria-label="Which passages"]', 'all')
    await page.selectOption('select[aria-label=Document]', 'pump.md')
    await expect.poll(async () => (await found()).length).toBe(2)
  })

  it('works by keyboard alone', async () => {
    const { address, folder } = await world.start()
    const page = await world.open(address)
    await page.waitForSelector('dialog[open]')
    const { keyboard } = page
    await page.locator('#person').focus()
    await keyboard.type('ann')
    await keyboard.press('Enter')
    await page.waitForSelector('#passage')
    await keyboard.press('n')
    await keyboard.type('How long?')
    await keyboard.press('Enter')
    await page.locator('.asked[aria-current=true]').waitFor()
    // The text has the focus now: to the third block, to "3", and extended by "s".
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('passage')
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await keyboard.press(key)
    const marked = () => page.locator('#passage mark.marked').allTextContents()
    await expect.poll(marked).toEqual(['Press'])
    for (let i = 0; i < 5; i++) await keyboard.press('ArrowRight')
    await keyboard.press('Shift+ArrowRight')
    await expect.poll(marked).toEqual(['3 s'])
    await keyboard.press('Shift+Alt+ArrowLeft')
    await expect.poll(marked).toEqual(['3'])
    await keyboard.press('Shift+Alt+ArrowRight')
    await keyboard.press('Enter')
    await page.locator('.answers .answered', { hasText: '3 s' }).waitFor()
    await keyboard.press('n')
    await keyboard.type('Who?')
    await keyboard.press('Enter')
    await expect.poll(() => page.locator('.asked').count()).toBe(2)
    await keyboard.press('0')
    await page.locator('.answered', { hasText: 'No answer' }).waitFor()
    await keyboard.press('[')
    await keyboard.press('c')
    await keyboard.type('Seconds?')
    await keyboard.press('Enter')
    await page.locator('.comments', { hasText: 'Seconds?' }).waitFor()
    await keyboard.press('d')
    await page.waitForFunction(() => document.querySelector('#passage')?.textContent?.includes('filter'))
    await keyboard.press('k')
    await page.waitForFunction(() => document.querySelector('#passage')?.textContent?.includes('red button'))
    await keyboard.press('?')
    await page.waitForSelector('dialog[open]')
    await shot(page, 'help')
    expect(await seriousFaults(page)).toEqual([])
    const state = await world.stored(folder)
    expect(answersOf(state)).toEqual({ 'How long?': { ann: ['3 s'] }, 'Who?': { ann: [] } })
  })

  itInFull('shows suggestions of a model to accept or correct, least certain passages first', async () => {
    const context = 'max is in ro.'
    const rows = [
      { id: 'a', question: 'who is in ro?', context, answers: [] },
      { id: 'b', question: 'who is in oz?', context: 'bo is in oz.', answers: [] },
    ]
    const { address, folder } = await world.start({ data: JSON.stringify(rows), model: `tiny=${tinyFolder}` })
    const page = await world.open(address, 'ann')
    await page.selectOption('select[aria-label=Order]', 'certainty')
    await page.locator('.item', { hasText: '% certain' }).nth(1).waitFor()
    const certainties = await page.locator('.item').allTextContents()
    const numbers = certainties.flatMap((text) => /(\d+)\s% certain/.exec(text)?.slice(1).map(Number) ?? [])
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(certainties.slice(0, 2).every((text) => text.includes('% certain'))).toBe(true)

    await page.locator('.item', { hasText: 'max is in ro.' }).first().click()
    await page.waitForSelector('.asked[aria-current=true] .proposal')
    await shot(page, 'suggestion')
    expect(await seriousFaults(page)).toEqual([])
    await page.keyboard.press('a')
    await page.waitForSelector('.asked .answered')
    await page.locator('.item', { hasText: /data.json.*bo is in oz/ }).click()
    await page.waitForFunction(() => document.querySelector('#passage')?.textContent === 'bo is in oz.')
    await page.waitForSelector('.asked[aria-current=true]')
    await selectWords(page, 'bo is')
    await page.keyboard.press('Enter')
    await page.locator('.answers .answered', { hasText: 'bo is' }).waitFor()
    const { questions } = await world.stored(folder)
    expect(questions.get('a')!.responses.get('ann')).toMatchObject({ outcome: 'accepted' })
    expect(questions.get('b')!.responses.get('ann')).toMatchObject({
      outcome: 'corrected',
      suggestion: { model: 'tiny' },
    })
  })

  itInFull('lets two annotators work at once, and lists their disagreements', async () => {
    const { address, folder } = await world.start({ annotators: ['ann', 'bob'] })
    const [ann, bob] = await Promise.all([world.open(address, 'ann'), world.open(address, 'bob')])
    await addQuestion(ann, 'How long?')
    // The other page shows the question by itself; the answers of others are hidden.
    await bob.locator('.asked .title', { hasText: 'How long?' }).click()
    await selectWords(ann, '3 s')
    await ann.click('text=This is the answer')
    await ann.locator('.answers .answered').waitFor()
    await bob.locator('.asked', { hasText: 'answered by 1 other' }).waitFor()
    expect(await bob.locator('.answered').count()).toBe(0)
    await selectWords(bob, '3')
    await bob.click('text=This is the answer')
    await bob.locator('.answers .answered').waitFor()

    // The same question, written by both at once, is one question.
    await Promise.all([
      addQuestion(ann, 'Is it ready?', /is it ready/i),
      addQuestion(bob, 'is it ready', /is it ready/i),
    ])
    await expect.poll(async () => (await world.stored(folder)).questions.size).toBe(2)

    await ann.click('text=Disagreements (1)')
    await ann.waitForSelector('.disputed')
    await shot(ann, 'disagreements')
    expect(await seriousFaults(ann)).toEqual([])
    await ann.click('[aria-label="Choose: the answer of bob to How long?"]')
    await ann.locator('.disputed [aria-pressed=true]', { hasText: 'Chosen' }).waitFor()
    expect(exportExamples(await world.stored(folder)).examples.map(({ answers }) => answers[0]?.text)).toEqual(['3'])
  })

  it('imports corrections of the playground', async () => {
    const { address, folder } = await world.start()
    const page = await world.open(address, 'ann')
    const context = 'The 🌊 is in ro.'
    const answers = [{ text: 'ro', answer_start: context.indexOf('ro') }]
    const json = toSquadJson([{ id: 'one', title: 'Text', question: 'Where?', context, answers }])
    await page.click('text=Import')
    await page.setInputFiles('#file', {
      name: 'corrections.json',
      mimeType: 'application/json',
      buffer: Buffer.from(json),
    })
    await page.locator('dialog', { hasText: 'Added 1 question and 1 passage.' }).waitFor()
    expect(await seriousFaults(page)).toEqual([])
    await page.setInputFiles('#file', {
      name: 'x.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"no": "data"}'),
    })
    await page.locator('dialog .failed', { hasText: 'x.json' }).waitFor()
    expect(exportExamples(await world.stored(folder)).examples).toMatchObject([{ id: 'one', answers }])
  })

  it('works on a phone', async () => {
    const { address } = await world.start()
    const page = await world.open(address, 'ann', { viewport: { width: 390, height: 844 }, hasTouch: true })
    await addQuestion(page, 'Which button?')
    await shot(page, 'phone')
    const isWithin = () =>
      page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth)
    expect(await isWithin()).toBe(true)
    expect(await seriousFaults(page)).toEqual([])
    await page.evaluate(() => {
      const block = document.querySelector('#passage .block')!.firstChild!
      const start = block.textContent!.indexOf('red button')
      document.getSelection()!.setBaseAndExtent(block, start, block, start + 'red button'.length)
    })
    await page.locator('#passage mark.marked', { hasText: 'red button' }).waitFor()
    await page.tap('text=This is the answer')
    await page.locator('.answers .answered', { hasText: 'red button' }).waitFor()
    await page.tap('.open-list')
    await page.waitForSelector('.listed .item')
    await shot(page, 'phone-list')
    expect(await isWithin()).toBe(true)
    expect(await seriousFaults(page)).toEqual([])
    await page.locator('.item', { hasText: 'filter' }).tap()
    await page.waitForFunction(() => document.querySelector('#passage')?.textContent?.includes('filter'))
  })

  it('asks for a token where one is required', async () => {
    const { address } = await world.start({ tokens: ['correct-horse-battery'] })
    const page = await world.open(address)
    await page.fill('#token', 'correct-horse-battery')
    await page.press('#token', 'Enter')
    await page.fill('#person', 'ann')
    await page.press('#person', 'Enter')
    await page.waitForSelector('dialog[open]', { state: 'detached' })
    await page.waitForSelector('#passage')
    await addQuestion(page, 'Which button?')
  })

  itInFull('loses nothing when the server is killed while annotating', async () => {
    const { address: first, folder } = await world.start()
    expect(first).toBeTruthy()
    const output_dir = `${folder}-killed`
    const argv = ['annotate', `${folder}/../pump.md`, '--output_dir', output_dir, '--json', '--log_level', 'silent']
    const launch = async (port: string) => {
      const { child, closed } = startKillable([...argv, '--port', port])
      for await (const line of createInterface({ input: child.stdout }))
        if (line.includes('"address"')) {
          child.stdout.resume()
          return { child, closed, address: /"address":\s*"([^"]+)"/.exec(line)![1] }
        }
      throw new Error('the server did not start')
    }
    world.provokes(/ERR_CONNECTION|ERR_EMPTY|Failed to load/)
    let running = await launch('0')
    const { address } = running
    const page = await world.open(address, 'ann')
    // A second tab of the same person, whose unsaved changes are kept too.
    const second = await page.context().newPage()
    await second.goto(address)
    await second.waitForSelector('#passage')
    await addQuestion(second, 'Second tab?')
    await page.bringToFront()
    for (let i = 0; i < 3; i++) {
      await addQuestion(page, `Question ${i}?`)
      running.child.kill('SIGKILL')
      await running.closed
      // The notice moves the text.
      await page.locator('.complaint', { hasText: 'Cannot reach the server' }).waitFor()
      // Answered while there is no server.
      await selectWords(page, 'red button')
      await page.click('text=This is the answer')
      await page.locator('.complaint', { hasText: 'kept in this browser' }).waitFor()
      if (i === 0) {
        await second.bringToFront()
        await second.click('.asked[aria-current=true] >> text=No answer')
        await second.locator('.complaint', { hasText: 'kept in this browser' }).waitFor()
        await second.close()
      }
      // Not even closing the page loses the change.
      if (i === 0) {
        running = await launch(new URL(address).port)
        await page.reload()
      } else running = await launch(new URL(address).port)
      await page
        .locator('.asked', { hasText: `Question ${i}?` })
        .locator('.answered')
        .waitFor()
    }
    const answers = answersOf(await world.stored(output_dir))
    expect(answers).toEqual({
      'Second tab?': { ann: [] },
      'Question 0?': { ann: ['red button'] },
      'Question 1?': { ann: ['red button'] },
      'Question 2?': { ann: ['red button'] },
    })
    running.child.kill('SIGKILL')
    await running.closed
  })
})
