/** The page of an exported site: the playground with models in a worker of this browser. */
import './site.css'
import type { SiteManifest } from '../../src/site/manifest.ts'
import * as local from '../playground/local-models.ts'
import { startPage } from '../playground/start-page.tsx'
import * as state from '../playground/state.ts'
import { isolate, keepFiles, startServiceWorker } from './offline.ts'
import { chooseRuntime } from './runtime.ts'
import { workerBackend } from './worker-backend.ts'

const base = new URL('.', document.baseURI).href

try {
  await start()
} catch (error) {
  document.getElementById('start-notice')!.textContent = (error as Error).message
}

async function start(): Promise<void> {
  const offline = await startServiceWorker(base, () => {
    local.isOutdated.value = true
  })
  const manifest = await fetchManifest()
  const runtime = await chooseRuntime(manifest)
  if (runtime.name === 'wasm') await isolate(offline)
  local.runtime.value = runtime
  local.problem.value = offline.problem
  const backend = workerBackend({
    base,
    manifest,
    runtime,
    keepsFiles: offline.worker !== undefined,
    events: {
      onProgress: local.progress,
      onNotKept: (problem) => {
        local.problem.value = problem
      },
    },
    onLoaded: local.finish,
    onFallback: (other) => {
      local.runtime.value = other
    },
  })
  await startPage(backend)
  try {
    await backend.load(state.chosen.value[0])
  } catch (error) {
    state.complaint.value = (error as Error).message
    return
  }
  state.announcement.value = 'The model is ready.'
  if (!offline.worker) return
  local.problem.value ??= await keepFiles(offline.worker)
  local.isKept.value = local.problem.value === undefined
}

async function fetchManifest(): Promise<SiteManifest> {
  const response = await fetch(`${base}site.json`, { cache: 'no-cache' }).catch(() => undefined)
  if (response?.ok) return response.json()
  throw new Error(
    response?.status === 404
      ? 'site.json is missing on the host of this page. Its owner must upload the exported folder again, with all files.'
      : 'The host of this page cannot be reached. Check the network connection, and reload the page.',
  )
}
