import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { ExportedSite } from '../../src/site/export-site.ts'
import { launchChromium } from '../chromium.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  wasm: 'application/wasm',
}

export interface FileHost {
  readonly address: string
  /** Paths that were requested, without the prefix. */
  readonly requested: string[]
  /** Bytes that were sent. */
  readonly sent: number
  close(): Promise<void>
}

export interface FileHostOptions {
  /** Path before those of the files (default: `/some/folder/`). */
  readonly prefix?: string
  /** Headers of all responses (default: none beyond the type). */
  readonly headers?: Readonly<Record<string, string>>
  /** Changes the content of files, by path. */
  readonly changed?: Record<string, (content: Buffer) => Buffer | undefined>
  /** Whether the start page is the response if a file is missing, as on hosts of single-page applications. */
  readonly isSinglePage?: boolean
  /** Types of files, by path. */
  readonly types?: Readonly<Record<string, string>>
}

/** A plain file host under a path, without any headers but those of the content. */
export async function fileHost(
  folder: string,
  { prefix = '/some/folder/', headers = {}, changed = {}, isSinglePage = false, types = {} }: FileHostOptions = {},
): Promise<FileHost> {
  const requested: string[] = []
  let sent = 0
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://host')
    const path = decodeURIComponent(pathname.slice(prefix.length)) || 'index.html'
    const file = join(folder, path)
    const found = pathname.startsWith(prefix) && statSync(file, { throwIfNoEntry: false })?.isFile()
    requested.push(path)
    const content = found ? readFileSync(file) : undefined
    const body = content && (changed[path] ? changed[path](content) : content)
    if (!body && isSinglePage)
      return response.writeHead(200, { 'content-type': 'text/html' }).end(readFileSync(join(folder, 'index.html')))
    if (!body) return response.writeHead(404).end()
    sent += body.length
    const type = types[path] ?? TYPES[path.split('.').at(-1)!] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-length': body.length, ...headers }).end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    requested,
    get sent() {
      return sent
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Collects errors of a page and its workers, and requests to other origins than those listed. */
export function watch(context: BrowserContext, origins: readonly string[]): string[] {
  const faults: string[] = []
  context.on('request', (request) => {
    const url = request.url()
    if (!origins.some((origin) => url.startsWith(origin)) && !/^(blob|data):/.test(url)) faults.push(`loads ${url}`)
  })
  context.on('weberror', (error) => faults.push(error.error().message))
  return faults
}

export const localStatus = (page: Page): Promise<string> => page.innerText('.local')

/** Waits until the page works offline. */
export const untilKept = (page: Page): Promise<unknown> => page.waitForSelector('text=This page works offline')

/** Files that the browser keeps for pages of this address. */
export const keptFiles = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const names = await caches.keys()
    const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
    return keys.flat().map(({ url }) => url)
  })

export interface SiteWorld {
  /** A folder that is removed after all tests. */
  folder: string
  site: ExportedSite
  browser: Browser
}

export interface OpenOptions extends FileHostOptions {
  /** Folder of the site (default: that of the world's site). */
  readonly folder?: string
  /** Added to the address. */
  readonly query?: string
  readonly size?: readonly [width: number, height: number]
  /** Runs in the page before its own scripts. */
  readonly before?: () => void
}

/** Exports a site for all tests of a block, and opens it in them. Tests fail if a page has errors. */
export function useSite(create: (output_dir: string) => Promise<ExportedSite>, args: readonly string[] = []) {
  const world = {} as SiteWorld
  let opened: { host: FileHost; context: BrowserContext }[] = []
  let faults: string[] = []
  beforeAll(async () => {
    world.folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
    world.site = await create(join(world.folder, 'site'))
    world.browser = await launchChromium(args)
  })
  afterAll(async () => {
    await world.browser?.close()
    rmSync(world.folder, { recursive: true, force: true })
  })
  afterEach(async () => {
    for (const { host, context } of opened) await Promise.all([context.close(), host.close().catch(() => {})])
    opened = []
    const found = faults
    faults = []
    expect(found).toEqual([])
  })

  /** Opens the site on a host and in a browser of its own. */
  async function open(options: OpenOptions = {}) {
    const { folder = world.site.folder, query = '', size: [width, height] = [1280, 800], before, ...rest } = options
    const host = await fileHost(folder, rest)
    const context = await world.browser.newContext({ viewport: { width, height } })
    if (before) await context.addInitScript(before)
    opened.push({ host, context })
    const found = watch(context, [host.address])
    faults = found
    const page = await context.newPage()
    await page.goto(host.address + query)
    return { host, page, context, faults: found }
  }
  return { world, open }
}
