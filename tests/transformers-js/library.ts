/** transformers.js, which is not a package of this repository, because it takes half a gigabyte with its runtimes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { describe, it } from 'vitest'
import { launchChromium } from '../chromium.ts'
import { fileHost, watch } from '../e2e/site-world.ts'

/** The folder in which it is installed: npm install @huggingface/transformers. */
const project = process.env.SPANFORGE_TRANSFORMERS_JS

/** Like `describe`. Without transformers.js, the tests are skipped with a message. */
export function describeTransformersJs(name: string, body: (project: string) => void): void {
  if (project) return void describe(name, () => body(project))
  console.warn(`SKIPPED (needs transformers.js; see SPANFORGE_TRANSFORMERS_JS): ${name}`)
  describe.skip(name, () => void it('needs transformers.js', () => {}))
}

export interface Task {
  readonly folder: string
  readonly dtype: string
  readonly rows?: readonly { readonly input_ids: Int32Array; readonly token_type_ids: Int32Array }[]
  readonly questions?: readonly { readonly question: string; readonly context: string }[]
}

export interface Computed {
  readonly logits: readonly { readonly start_logits: readonly number[]; readonly end_logits: readonly number[] }[]
  readonly answers: readonly { readonly answer: string; readonly score: number }[]
  readonly ids: readonly (readonly number[])[]
}

const asJson = (models: string, { folder, dtype, rows = [], questions = [] }: Task) => ({
  models,
  name: basename(folder),
  dtype,
  rows: rows.map(({ input_ids, token_type_ids }) => ({
    input_ids: Array.from(input_ids),
    token_type_ids: Array.from(token_type_ids),
  })),
  questions: questions.map(({ question, context }) => ({ question, context })),
})

export function computeInNode(project: string, tasks: readonly Task[]): Computed[] {
  const input = JSON.stringify(tasks.map((task) => asJson(dirname(task.folder), task)))
  const script = join(import.meta.dirname, 'child.mjs')
  const options = { input, encoding: 'utf8', maxBuffer: 1 << 28 } as const
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, project], options)
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** Defined by page.mjs. */
declare function compute(tasks: unknown): Promise<Computed[]>

/** Computes in Chromium, on a page that may not load anything from other origins. */
export async function computeInChromium(project: string, tasks: readonly Task[]): Promise<Computed[]> {
  const served = mkdtempSync(join(tmpdir(), 'spanforge-'))
  const packages = join(project, 'node_modules')
  symlinkSync(join(packages, '@huggingface/transformers/dist'), join(served, 'transformers'))
  symlinkSync(join(packages, 'onnxruntime-web/dist'), join(served, 'ort'))
  symlinkSync(import.meta.dirname, join(served, 'test'))
  for (const folder of new Set(tasks.map((task) => dirname(task.folder)))) symlinkSync(folder, join(served, 'models'))
  writeFileSync(
    join(served, 'index.html'),
    `<!doctype html><link rel="icon" href="data:,"><script type="module" src="test/page.mjs"></script>`,
  )
  const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
  const host = await fileHost(served, { headers })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    const faults = watch(page.context(), [host.address])
    await page.goto(host.address)
    const path = new URL('models/', host.address).pathname
    await page.waitForFunction(() => 'compute' in globalThis)
    const given = tasks.map((task) => asJson(path, task))
    const results: Computed[] = await page.evaluate((given) => compute(given), given)
    if (faults.length > 0) throw new Error(faults.join('\n'))
    return results
  } finally {
    await browser.close()
    await host.close()
    rmSync(served, { recursive: true, force: true })
  }
}
