/** Serves the page of `browser-runtime.ts` and exported models to a browser on this machine. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { StoredVariant } from '../../checkpoint/onnx-folder.ts'
import { packageFile } from '../../package-root.ts'
import { type BrowserProvider, PAGE_SCRIPTS } from './browser-page.ts'

export interface PageServer {
  readonly address: string
  /** Offers the files of a variant. Returns a function from paths in its folder to addresses. */
  serve(folder: string, variant: StoredVariant): (path: string) => string
  close(): Promise<void>
}

interface ServedFile {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Threads require a page that is isolated from other origins. */
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}
const SCRIPT = { 'content-type': 'text/javascript', ...ISOLATED }

export async function startPageServer(provider: BrowserProvider): Promise<PageServer> {
  const { script, runtime } = PAGE_SCRIPTS[provider]
  const pages = packageFile('dist/web')
  // Other users of this machine cannot guess the address of a model.
  const prefix = `/${randomUUID()}/`
  const files = new Map<string, ServedFile>([
    [script, { path: join(pages, 'gate', script), headers: SCRIPT }],
    [`${runtime}.js`, { path: join(pages, 'site-files/runtime', `${runtime}.js`), headers: SCRIPT }],
    [
      `${runtime}.wasm`,
      {
        path: join(pages, 'site-files/runtime', `${runtime}.wasm.bin`),
        headers: { 'content-type': 'application/wasm', 'content-encoding': 'gzip' },
      },
    ],
  ])
  const html = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`
  const server = createServer((request, response) => {
    const name = request.url!.startsWith(prefix) ? request.url!.slice(prefix.length) : undefined
    if (name === '') response.writeHead(200, { 'content-type': 'text/html', ...ISOLATED }).end(html)
    else void send(files.get(name ?? ''), response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  let folders = 0
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    serve(folder, { file, external_data }) {
      const place = `${++folders}/`
      for (const path of [file, external_data])
        if (path)
          files.set(place + path, { path: join(folder, path), headers: { 'content-type': 'application/octet-stream' } })
      return (path) => place + path
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

async function send(file: ServedFile | undefined, response: ServerResponse): Promise<void> {
  const size = file && (await stat(file.path).catch(() => undefined))?.size
  if (!file || size === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { ...file.headers, 'content-length': size })
  createReadStream(file.path)
    .on('error', () => response.destroy())
    .pipe(response)
}
