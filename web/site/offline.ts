/** The service worker of the page: offline use, and isolation from other origins, which threads require. */

export interface Offline {
  /** Set if the page works offline once its files are kept. */
  readonly worker?: ServiceWorker
  /** Explains to users why the page does not work offline. */
  readonly problem?: string
}

/** Set while the page is reloaded to become isolated, so that this is tried only once. */
const RELOADED = 'spanforge.isolating'

/** Starts the service worker and waits until it controls the page. Never throws. */
export async function startServiceWorker(base: string, onUpdate: () => void): Promise<Offline> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined
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
    const wasControlled = container.controller !== null
    const registration = await container.register(`${base}sw.js`, { scope: base, updateViaCache: 'none' })
    container.addEventListener('controllerchange', () => wasControlled && onUpdate())
    const worker = registration.active ?? (await activated(registration.installing ?? registration.waiting))
    await controlled(container)
    return { worker }
  } catch (error) {
    return { problem: problem ?? `This page does not work offline: ${(error as Error).message}` }
  }
}

/** Reloads the page once with the headers of the service worker. Never returns in that case. */
export async function isolate({ worker }: Offline): Promise<void> {
  const wasReloaded = sessionStorage.getItem(RELOADED) !== null
  sessionStorage.removeItem(RELOADED)
  if (crossOriginIsolated || !worker || wasReloaded || !(navigator.hardwareConcurrency > 1)) return
  sessionStorage.setItem(RELOADED, 'true')
  location.reload()
  await new Promise(() => {})
}

/** Keeps the remaining files of the page. Returns a problem for the user, if any. */
export function keepFiles(worker: ServiceWorker): Promise<string | undefined> {
  const { port1, port2 } = new MessageChannel()
  worker.postMessage('keep', [port2])
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
