import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { importPaths } from '../../src/annotate/import/import.ts'
import { assignments } from '../../src/annotate/project/assign.ts'
import { Project, readProject } from '../../src/annotate/project/project.ts'
import type { ProjectState } from '../../src/annotate/project/state.ts'
import { type AnnotateOptions, type AnnotationServer, startAnnotating } from '../../src/annotate/server.ts'
import { launchChromium } from '../chromium.ts'

/** A manual with two passages. The words are those of the tiny model where it matters. */
export const MANUAL = `# Pump

## Reset

Press the red button for 3 s. The lamp 🌊 turns green when the pump is ready. max is in ro and li was in the sea.

## Cleaning

Clean the filter every 30 days. Do not use soap. bo is in oz.
`

export interface AnnotateWorld {
  /** Starts a server for a new project with the manual and returns its folder and address. */
  start(
    options?: Partial<AnnotateOptions> & { readonly annotators?: readonly string[]; readonly data?: string },
  ): Promise<{
    readonly folder: string
    readonly address: string
  }>
  /** Opens the page as an annotator, without the data of others. */
  open(address: string, name?: string, options?: BrowserContextOptions): Promise<Page>
  /** Declares an error of the page that the current test causes deliberately. */
  provokes(complaint: RegExp): void
  /** The state of a project on disk. */
  stored(folder: string): Promise<ProjectState>
}

/** The annotation page in Chromium. A test fails if a page reported errors or loaded anything from elsewhere. */
export function annotateWorld(): AnnotateWorld {
  let browser: Browser
  let folder: string
  let faults: string[]
  let provoked: RegExp[]
  let running: { readonly server: AnnotationServer; readonly project: Project }[]
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spanforge-annotate-'))
    faults = []
    provoked = []
    running = []
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    for (const { server, project } of running) {
      await server.close()
      await project.close()
    }
    rmSync(folder, { recursive: true })
    expect(faults.filter((fault) => !provoked.some((complaint) => complaint.test(fault)))).toEqual([])
  })
  return {
    async start({ annotators, data, ...options } = {}) {
      const paths = [join(folder, 'pump.md'), ...(data === undefined ? [] : [join(folder, 'data.json')])]
      writeFileSync(paths[0], MANUAL)
      if (data !== undefined) writeFileSync(paths[1], data)
      const project = await Project.open(join(folder, 'project'))
      await importPaths(project, paths)
      if (annotators) {
        await project.append([{ type: 'annotators', names: [...annotators] }])
        await project.append(assignments(project.state, annotators.length))
      }
      const server = await startAnnotating(project, { port: 0, log: pino({ level: 'silent' }), ...options })
      running.push({ server, project })
      return { folder: project.folder, address: server.address }
    },
    async open(address, name, options) {
      const page = await (await browser.newContext(options)).newPage()
      const isRejection = (text: string) => /status of 4\d\d/.test(text)
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !isRejection(message.text())) faults.push(message.text())
      })
      page.on('request', (request) => {
        if (!request.url().startsWith(address) && !/^(blob|data):/.test(request.url()))
          faults.push(`loads ${request.url()}`)
      })
      await page.goto(address)
      if (name !== undefined) {
        await page.waitForSelector('dialog[open]')
        const known = page.locator('.people button', { hasText: new RegExp(`^${name}$`) })
        if ((await known.count()) > 0) await known.click()
        else {
          await page.fill('#person', name)
          await page.press('#person', 'Enter')
        }
        await page.waitForSelector('dialog[open]', { state: 'detached' })
        await page.waitForSelector('#passage')
      }
      return page
    },
    provokes(complaint) {
      provoked.push(complaint)
    },
    stored: readProject,
  }
}

/** Selects words of the passage with the mouse. */
export async function selectWords(page: Page, words: string): Promise<void> {
  const box = await page.evaluate((words) => {
    const walker = document.createTreeWalker(document.getElementById('passage')!, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const start = node.textContent!.indexOf(words)
      if (start < 0) continue
      const range = document.createRange()
      range.setStart(node, start)
      range.setEnd(node, start + words.length)
      const { left, right, top, height } = range.getBoundingClientRect()
      return { left, right, middle: top + height / 2 }
    }
    throw new Error(`the passage has no "${words}"`)
  }, words)
  await page.mouse.move(box.left + 0.5, box.middle)
  await page.mouse.down()
  await page.mouse.move((box.left + box.right) / 2, box.middle)
  await page.mouse.move(box.right - 0.5, box.middle)
  await page.mouse.up()
  await expect.poll(() => page.locator('#passage mark.marked').allTextContents()).toEqual([words])
}
