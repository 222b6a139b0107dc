/** The page of an exported site: the playground with models in a worker of this browser. */
import './site.css'
import { loadModels } from '../playground/asking.ts'
import * as local from '../playground/local-models.ts'
import { startPage } from '../playground/start-page.tsx'
import * as state from '../playground/state.ts'
import { fetchManifest } from '../workers/site-manifest.ts'
import { areKept, isolate, keepFiles, startServiceWorker } from './offline.ts'
import { chooseRuntime } from './runtime.ts'
import { workerBackend } from './worker-backend.ts'

const base = new URL('.', document.baseURI).href

try {
  await start()
} catch (error) {
  const notice = document.getElementById('start-notice')
  if (notice) notice.textContent = (error as Error).message
  else state.complaint.value = (error as Error).message
}

async function start(): Promise<void> {
  const offline = await startServiceWorker(base, () => {
    local.isOutdated.value = true
  })
  // Even if WebGPU is used, because it may fail.
  await isolate(offline)
  const manifest = await fetchManifest(base)
  const runtime = await chooseRuntime(manifest)
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
      void loadModels()
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
  const { worker, lookForUpdate } = offline
  if (!worker) return
  const files = () => backend.files(state.chosen.value[0])
  local.problem.value ??= await keepFiles(worker, files())
  let checks = 0
  const whenVisible = async () => {
    const check = ++checks
    const isKept = await areKept(worker, files())
    if (check === checks) local.isKept.value = isKept
    await lookForUpdate?.()
  }
  // While the page is open, browsers and users can delete kept files, and the host can get a new version.
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void whenVisible())
  await whenVisible()
}
