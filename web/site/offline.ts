/** The service worker of the page: offline use, and isolation from other origins, which threads require. */
import { keep, kept, perTab } from '../shared/storage.ts'
import type { FilesRequest, ToServiceWorker } from '../workers/messages.ts'
import { scriptProblem } from '../workers/site-files.ts'

export interface Offline {
  /** Set if the page works offline once its files are kept. */
  readonly worker?: ServiceWorker
  /** Explains to users why the page does not work offline. */
  readonly problem?: string
  /** Looks for a new version on the host, which browsers do only after a while. Never throws. */
  lookForUpdate?(): Promise<void>
}

/** Set while the page is reloaded to become isolated, so that this is tried only once. */
const RELOADED = 'isolating'

/** Starts the service worker and waits until it controls the page. Never throws. */
export async function startServiceWorker(base: string, onUpdate: () => void): Promise<Offline> {
  const container = serviceWorkers()
  if (!container)
    return {
      problem: isSecureContext
        ? 'This browser does not keep pages for offline use, for example because it is in private mode.'
        : 'This page was not loaded over HTTPS, so the browser does not keep it for offline use.',
    }
  let problem: string | undefined
  container.addEventListener('message', ({ data }) => {
    problem = data?.problem ?? problem
  })
  try {
    // The first service worker of a page is not an update.
    let isControlled = container.controller !== null
    container.addEventListener('controllerchange', () => {
      if (isControlled) onUpdate()
      isControlled = true
    })
    const registration = await container.register(`${base}sw.js`, { scope: base, updateViaCache: 'none' })
    const worker = registration.active ?? (await activated(registration.installing ?? registration.waiting))
    await controlled(container)
    return { worker, lookForUpdate: activatingUpdates(registration) }
  } catch (error) {
    problem ??= (await scriptProblem(`${base}sw.js`)) ?? (error as Error).message
    return { problem: `This page does not work offline: ${problem}` }
  }
}

/**
 * Activates every new version as soon as it is installed, and returns a function that looks for one. A new service worker
 * calls skipWaiting() itself, but Chromium can leave it waiting if the old one was busy at that time, until it is called again.
 */
function activatingUpdates(registration: ServiceWorkerRegistration): () => Promise<void> {
  const activate = () => registration.waiting?.postMessage({ type: 'activate' } satisfies ToServiceWorker)
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', activate))
  return async () => {
    await registration.update().catch(() => {})
    activate()
  }
}

/** The service workers of the page. Undefined if the browser does not support them or does not allow them here. */
function serviceWorkers(): ServiceWorkerContainer | undefined {
  try {
    return navigator.serviceWorker
  } catch {
    return undefined
  }
}

/** Reloads the page once with the headers of the service worker. Never returns in that case. */
export async function isolate({ worker }: Offline): Promise<void> {
  const wasReloaded = kept(RELOADED, perTab) !== undefined
  keep(RELOADED, undefined, perTab)
  if (crossOriginIsolated || !worker || wasReloaded || !(navigator.hardwareConcurrency > 1)) return
  if (!keep(RELOADED, 'true', perTab)) return
  location.reload()
  await new Promise(() => {})
}

/** Keeps all files of the page, and `further` ones by path. Returns a problem for the user, if any. */
export const keepFiles = (worker: ServiceWorker, further: readonly string[]): Promise<string | undefined> =>
  call(worker, { type: 'keep', further })

/** Whether all files of the page and `further` ones are kept. */
export const areKept = (worker: ServiceWorker, further: readonly string[]): Promise<boolean> =>
  call(worker, { type: 'check', further })

function call<Result>(worker: ServiceWorker, message: FilesRequest): Promise<Result> {
  const { port1, port2 } = new MessageChannel()
  worker.postMessage(message, [port2])
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data)
  })
}

function activated(worker: ServiceWorker | null): Promise<ServiceWorker> {
  return new Promise((resolve, reject) => {
    if (!worker) return reject(new Error('the service worker cannot be installed.'))
    const check = () => {
      if (worker.state === 'activated') resolve(worker)
      if (worker.state === 'redundant') reject(new Error('the service worker cannot be installed.'))
    }
    worker.addEventListener('statechange', check)
    check()
  })
}

const controlled = async (container: ServiceWorkerContainer): Promise<void> => {
  if (container.controller) return
  await new Promise((resolve) => container.addEventListener('controllerchange', resolve, { once: true }))
}
