/**
 * Keeps the files of a site for offline use, and adds the headers that threads require and that many hosts cannot send.
 * `SITE` is defined by the line that the export writes before this script.
 */
import type { SiteCache, SiteFile } from '../../src/site/manifest.ts'
import type { ToServiceWorker } from './messages.ts'
import { fetchFile, keyOf, notKept, SiteFileError, storageName } from './site-files.ts'

declare const self: ServiceWorkerGlobalScope
declare const SITE: SiteCache

const base = self.registration.scope
const files = new Map([...SITE.core, ...SITE.extras, ...SITE.onUse, ...SITE.large].map((file) => [file.path, file]))

/** Threads require a page that is isolated from other origins. */
const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
}

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(activate()))
self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || request.headers.has('range') || !request.url.startsWith(base)) return
  event.respondWith(respond(request))
})
self.addEventListener('message', (event) => {
  const message: ToServiceWorker = event.data
  if (message.type === 'activate') return event.waitUntil(self.skipWaiting())
  const { type, further } = message
  const wanted = [...SITE.core, ...SITE.extras, ...further.flatMap((path) => files.get(path) ?? [])]
  const response = type === 'keep' ? keepAll(wanted) : areKept(wanted)
  event.waitUntil(response.then((result) => event.ports[0].postMessage(result)))
})

async function install(): Promise<void> {
  const problem = await keepAll(SITE.core)
  if (problem === undefined) return self.skipWaiting()
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage({ problem })
  throw new Error(problem)
}

/** Takes over open pages and deletes the files of other versions. */
async function activate(): Promise<void> {
  const storage = await caches.open(storageName(base))
  const current = new Set([...files.values()].map((file) => keyOf(base, file)))
  for (const { url } of await storage.keys()) if (!current.has(url)) await storage.delete(url)
  await self.clients.claim()
}

/** Keeps all of the files, or adds none. Returns a problem for the user, or undefined if there is none. */
async function keepAll(wanted: readonly SiteFile[]): Promise<string | undefined> {
  const added: string[] = []
  let problem: string | undefined
  const onNotKept = (reason: string) => {
    problem = reason
  }
  try {
    const storage = await caches.open(storageName(base))
    await Promise.all(
      wanted.map(async (file) => {
        if (await storage.match(keyOf(base, file))) return
        await fetchFile(base, file, { storage, onNotKept })
        added.push(keyOf(base, file))
      }),
    )
    if (problem !== undefined) for (const key of added) await storage.delete(key)
  } catch (error) {
    problem ??= error instanceof SiteFileError ? error.message : notKept(error)
  }
  return problem
}

async function areKept(wanted: readonly SiteFile[]): Promise<boolean> {
  const storage = await caches.open(storageName(base)).catch(() => undefined)
  const found = await Promise.all(wanted.map((file) => storage?.match(keyOf(base, file)).catch(() => undefined)))
  return found.every((response) => response !== undefined)
}

async function respond(request: Request): Promise<Response> {
  const file = fileOf(request.url)
  const storage = file && (await caches.open(storageName(base)).catch(() => undefined))
  if (!file || !storage) return isolated(await fetch(request))
  const kept = await storage.match(keyOf(base, file))
  if (kept) return isolated(kept)
  // The reader keeps large files and reports their progress. The page does not start with a file of another version.
  if (SITE.large.includes(file)) return isolated(await fetch(request))
  await fetchFile(base, file, { storage }).catch(() => {})
  return isolated((await storage.match(keyOf(base, file))) ?? (await fetch(request)))
}

/** Returns the file at an address; index.html for the address of the folder. */
function fileOf(url: string): SiteFile | undefined {
  const path = decodeURIComponent(new URL(url).pathname.slice(new URL(base).pathname.length))
  return files.get(path === '' ? 'index.html' : path)
}

function isolated(response: Response): Response {
  // Redirects of navigations are followed by the browser.
  if (response.type === 'opaqueredirect') return response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value)
  const body = [204, 304].includes(response.status) ? null : response.body
  return new Response(body, { status: response.status, statusText: response.statusText, headers })
}
