import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseBoundedJson } from '../src/bounded-json.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { describeChromium, launchChromium } from './chromium.ts'
import { type CliResult, spanforge } from './cli.ts'
import { ask, giveText } from './e2e/playground-world.ts'
import { read } from './source-tree.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { itInFull, thoroughOr } from './thorough.ts'

const guide = read('docs/guide.md')
const blocks = [...guide.matchAll(/^```(sh)?\n([\s\S]*?)^```/gm)]
const [, , printedTable] = blocks.find(([, language]) => !language)!
const commands = blocks.flatMap(([, language, block]) =>
  language === 'sh'
    ? block
        .replace(/\\\n\s*/g, ' ')
        .trim()
        .split('\n')
    : [],
)

/** Replaces the model, which would have to be downloaded, with that of `npm start`, and reduces the number of epochs. */
const small = new Map([
  ['sentence-transformers/all-MiniLM-L6-v2', join(import.meta.dirname, '../examples/embedded/model')],
  ['--dashboard', ''],
  ['--num_train_epochs 3', `--num_train_epochs ${thoroughOr(3, 1)}`],
])
const inSmall = (command: string) => [...small].reduce((text, [from, to]) => text.replace(from, to), command)
const argvOf = (command: string) => inSmall(command).split(/\s+/).filter(Boolean).slice(2)

interface Entry {
  readonly question: string
  readonly context: string
  readonly answer: string
}

/** Questions about bridges, with answers as people type them into a spreadsheet. */
const bridges: readonly Entry[] = Array.from({ length: thoroughOr(60, 12) }, (_, i) => {
  const [name, year, cost] = [['Ada', 'Bob', 'Cleo'][i % 3], 1700 + 7 * i, 1450 + 31 * i]
  const context = `${name} built bridge ${i} in ${year}.\nIt cost ${cost.toLocaleString('en')} crowns, "a fortune"; it is 12,5 meters high.`
  return [
    { question: `Who built bridge ${i}?`, context, answer: name },
    // Excel interprets 1,450 as a number.
    { question: `What did bridge ${i} cost?`, context, answer: String(cost) },
  ]
}).flat()

interface Style {
  readonly delimiter: string
  readonly newline: string
  readonly isQuoted: (cell: string) => boolean
}

const cellOf = (cell: string, { isQuoted }: Style) => (isQuoted(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)
const lineOf = (cells: readonly string[], style: Style) =>
  cells.map((cell) => cellOf(cell, style)).join(style.delimiter) + style.newline

/** The format of Excel's "CSV UTF-8" if the decimal separator is a comma, with a line that specifies the delimiter. */
function excelTable(entries: readonly Entry[]): string {
  const style: Style = { delimiter: ';', newline: '\r\n', isQuoted: (cell) => /[;"\n]/.test(cell) }
  const rows = entries.map(({ question, context, answer }, i) => [question, context, answer, `0,${i}`])
  const lines = [['Question', 'Context', 'Answer', 'Score'], ...rows, ['', '', '', '']].map((row) => lineOf(row, style))
  return `\ufeffsep=;\r\n${lines.join('')}`
}

/** The format of LibreOffice's CSV with all texts quoted. */
function libreOfficeTable(entries: readonly Entry[]): string {
  const style: Style = { delimiter: ',', newline: '\n', isQuoted: (cell) => !/^\d*$/.test(cell) }
  const rows = entries.map(({ question, context, answer }) => [question, context, answer])
  return [['question', 'context', 'answer'], ...rows].map((row) => lineOf(row, style)).join('')
}

/** Runs a command that serves until `use`, which receives its address, resolves. */
async function serve(command: string, cwd: string, use: (address: string) => Promise<void>): Promise<CliResult> {
  let child: ChildProcess | undefined
  let said = ''
  const meanwhile = (process: ChildProcess) => {
    child = process
    process.stdout!.on('data', (chunk) => {
      said += chunk
    })
  }
  const address = () => /^Serving .* at (http:\S+)\n/m.exec(said)?.[1]
  const ended = spanforge([...argvOf(command), '--port', '0'], { cwd, meanwhile })
  try {
    await expect.poll(address).toBeDefined()
    await use(address()!)
  } finally {
    child?.kill('SIGINT')
  }
  return ended
}

/** Posts the request body from the guide's curl command. */
async function post(curl: string, address: string): Promise<unknown> {
  const [, path, body] = /localhost:8000(\S+) .*-d '(.*)'/.exec(curl)!
  const headers = { 'content-type': 'application/json' }
  return (await fetch(new URL(path, address), { method: 'POST', headers, body })).json()
}

/** A question that is not in the table. */
const ASKED = 'Who is the builder?'

/** Asks a question on the page, corrects the answer, downloads the correction, and returns the command on the page. */
async function correct(page: Page, address: string, path: string): Promise<string> {
  await page.goto(address)
  await giveText(page, bridges[0].context)
  await ask(page, ASKED)
  await page.click('.wrong')
  await page.fill('#right', 'Ada')
  await page.keyboard.press('Enter')
  await page.click('[aria-label^=Corrections]')
  const download = page.waitForEvent('download')
  await page.click('dialog[open] button.primary')
  await (await download).saveAs(path)
  return (await page.textContent('[aria-label="Command that trains on the corrections"]'))!
}

describeChromium('docs/guide.md, word for word', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  itInFull('leads from tables of Excel and LibreOffice to a corrected and retrained model', async () => {
    const folder = temporaryFolder()
    const inFolder = (name: string) => join(folder, name)
    writeFileSync(inFolder('all.csv'), excelTable(bridges))
    writeFileSync(inFolder('new.csv'), libreOfficeTable(bridges.map((bridge) => ({ ...bridge, answer: '' }))))
    let shown = ''

    for (const [index, command] of commands.entries()) {
      if (command.startsWith('curl')) continue
      const isServer = command.startsWith('npx spanforge serve')
      const result = isServer
        ? await serve(command, folder, async (address) => {
            expect(await post(commands[index + 1], address)).toMatchObject({
              answers: [{ answer: expect.any(String) }],
            })
            shown = await correct(await browser.newPage(), address, inFolder('corrections.json'))
          })
        : await spanforge(argvOf(command), { cwd: folder })
      expect(result.code, `${command}\n${result.stderr}`).toBe(0)
    }

    expect(commands).toContain(shown)
    const fixed = await readExamples(inFolder('questions.csv'))
    expect(fixed.map(({ answers: [{ text }] }) => text).slice(0, 4)).toEqual(['Ada', '1,450', 'Bob', '1,481'])
    expect(readFileSync(inFolder('questions.csv'), 'utf8')).toMatch(/^"?Question"?,.*Score/)
    const [correction] = await readExamples(inFolder('corrections.json'))
    expect(correction).toMatchObject({ question: ASKED, answers: [{ text: 'Ada', answer_start: 0 }] })
    const mixed = await readExamples(inFolder('mixed.json'))
    const train = await readExamples(inFolder('train.json'))
    expect(mixed.length).toBe(train.length + 1)
    const weights = (run: string) => readFileSync(inFolder(`${run}/model.safetensors`))
    for (const run of ['corrected', 'second']) expect(weights(run).equals(weights('first')), run).toBe(false)
    const answers = readFileSync(inFolder('answers.jsonl'), 'utf8').trim().split('\n')
    expect(answers.map((line) => parseBoundedJson(line))).toHaveLength(bridges.length)
  })

  it('shows a table that can be read, as can the same questions in the formats of both programs', async () => {
    const folder = temporaryFolder()
    const examplesOf = async (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      const { code, stderr } = await spanforge(['data', 'check', name, '--fix', `fixed-${name}`], { cwd: folder })
      expect(code, stderr).toBe(0)
      return readExamples(join(folder, `fixed-${name}`))
    }
    expect((await examplesOf('guide.csv', printedTable)).map(({ answers }) => answers[0].text)).toEqual(['Ada', '1843'])
    const excel = await examplesOf('excel.csv', excelTable(bridges))
    expect(excel).toHaveLength(bridges.length)
    expect(await examplesOf('libre.csv', libreOfficeTable(bridges))).toEqual(excel)
  })
})
