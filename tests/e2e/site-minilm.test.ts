/** A site with a real model and real questions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/checkpoint/tokenizer-folder.ts'
import { ExportedModel } from '../../src/inference/exported-model.ts'
import { searchDocuments } from '../../src/inference/pipeline.ts'
import { loadPretrained } from '../../src/inference/pretrained.ts'
import { exportModel } from '../../src/runs/export/export.ts'
import { exportSiteOf } from '../../src/runs/export/site.ts'
import { parseSquad } from '../../src/squad/reading/squad-json.ts'
import type { Example } from '../../src/squad/types.ts'
import { describeChromium } from '../chromium.ts'
import { describeShared, shared } from '../shared.ts'
import { isExhaustive } from '../thorough.ts'
import { localStatus, type SiteWorld, untilKept, useSite } from './site-world.ts'

interface Slice {
  readonly answer: string
  readonly start: number
  readonly end: number
}

/** Asks the reader of an exported site directly, which takes no clicks. Returns the best answer to each question. */
function askReader(page: Page, model: string, asked: readonly Example[]): Promise<Slice[]> {
  return page.evaluate(
    async ({ model, asked }) => {
      const manifest = await (await fetch('site.json')).json()
      const worker = new Worker('reader-wasm.js', { type: 'module' })
      const base = new URL('.', document.baseURI).href
      worker.postMessage({ type: 'open', base, manifest, threads: 2, keepsFiles: true })
      const found: Slice[] = []
      for (const [id, { question, context }] of asked.entries()) {
        worker.postMessage({ type: 'ask', id, request: { questions: [question], context, model, top_k: 1 } })
        await new Promise<void>((resolve, reject) => {
          worker.onmessage = ({ data }) => {
            if (data.type === 'failed') reject(new Error(data.problem))
            if (data.type === 'loaded') resolve()
            if (data.event?.name !== 'answer') return
            const [{ answer, start, end }] = data.event.data.result.answers
            found.push({ answer, start, end })
          }
        })
      }
      worker.terminate()
      return found
    },
    { model, asked: asked.map(({ id, question, context, answers }) => ({ id, question, context, answers })) },
  )
}

/** The answers of Node with a model folder, or with a variant of an exported one. */
async function answersOfNode(folder: string, examples: readonly Example[], dtype?: 'q8'): Promise<Slice[]> {
  const tokenizer = await loadTokenizer(folder)
  const model = dtype ? await ExportedModel.open(folder, { dtype }) : (await loadPretrained(folder)).model
  const found: Slice[] = []
  for (const { question, context } of examples)
    for await (const { candidates } of searchDocuments(model, tokenizer, [question], [context])) {
      const [{ answer, start, end }] = candidates
      expect(context.slice(start, end)).toBe(answer)
      found.push({ answer, start, end })
    }
  await model.release()
  return found
}

const source = shared('models/minilm-qa-reference')
const examples = (count: number) =>
  parseSquad(readFileSync(shared('data/squad-v1.1-dev-xquad-en.json'), 'utf8'), 'xquad').slice(0, count)

/** A site with the model in float32 and with blocks of 8 bits, and the exported folder. */
async function createSite(output_dir: string) {
  const exported = join(output_dir, '../exported')
  const choice = { dtypes: ['fp32', 'q8'], runtimes: ['node'], force: true }
  await exportModel(source, { ...choice, output_dir: exported })
  return exportSiteOf([`q8=${exported}`], { output_dir, dtypes: ['q8'] })
}
const exportedOf = ({ folder }: SiteWorld) => join(folder, 'exported')

describe.runIf(isExhaustive)('an exported site with MiniLM', () => {
  describeShared('and 200 real questions', () => {
    describeChromium('with WebAssembly', () => {
      const { world, open } = useSite(createSite)

      it('gives the answers of Node in float32, also offline', async () => {
        const folder = join(world.folder, 'fp32')
        await exportSiteOf([`fp32=${exportedOf(world)}`], { output_dir: folder, dtypes: ['fp32'] })
        const { page, host } = await open({ folder })
        await untilKept(page)
        await host.close()
        await page.reload()
        await untilKept(page)
        expect(await localStatus(page)).toContain('WebAssembly, 2 threads')
        expect(await askReader(page, 'fp32', examples(200))).toEqual(await answersOfNode(source, examples(200)))
      })

      it('gives the answers of Node with q8 weights, and loads at most 45 MB on a first visit', async () => {
        const { page, host } = await open()
        await untilKept(page)
        expect(host.sent).toBeLessThan(45_000_000)
        expect(world.site.first_visit.wasm).toBeLessThan(host.sent)
        const asked = examples(50)
        const found = await askReader(page, 'q8', asked)
        const [expected, exact] = [
          await answersOfNode(exportedOf(world), asked, 'q8'),
          await answersOfNode(source, asked),
        ]
        const same = (others: readonly Slice[]) => found.filter((one, i) => one.answer === others[i].answer).length
        expect(same(expected)).toBeGreaterThanOrEqual(49)
        expect(same(exact)).toBeGreaterThanOrEqual(47)
      })
    })
  })
})
