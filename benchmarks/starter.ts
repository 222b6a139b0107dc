/**
 * Asks the starter model the questions of data files in Node.js, in WebAssembly on the page of an exported site, and as
 * served over HTTP, and prints exact match and F1 with 95 % bootstrap intervals.
 *
 *     npx tsx benchmarks/starter.ts FILE... [--questions N] [--clients 8] [--threads 2]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { starterFolder } from '../src/checkpoint/starter-model.ts'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { openChromium } from '../src/export/gate/chromium.ts'
import { scorePredictions } from '../src/inference/evaluate.ts'
import { ExportedModel } from '../src/inference/exported-model.ts'
import { searchDocuments } from '../src/inference/pipeline.ts'
import { exportSiteOf } from '../src/runs/export/site.ts'
import { scoreIntervals } from '../src/squad/metrics/bootstrap.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { startServerProcess } from './serve/server.ts'

/** Answers questions one by one. */
type Answering = (examples: readonly Example[]) => Promise<string[]>
interface Place {
  readonly name: string
  readonly answer: Answering
  close(): Promise<unknown>
}

async function inNode(folder: string): Promise<Place> {
  const tokenizer = await loadTokenizer(folder)
  const model = await ExportedModel.open(folder)
  const answer: Answering = async (examples) => {
    const found: string[] = []
    for (const { question, context } of examples)
      for await (const { candidates } of searchDocuments(model, tokenizer, [question], [context]))
        found.push(candidates[0].answer)
    return found
  }
  return { name: 'Node.js', answer, close: () => model.release() }
}

/** The reader of an exported site, as its page starts it. */
async function inWasm(folder: string, threads: number): Promise<Place> {
  const site = mkdtempSync(join(tmpdir(), 'spanforge-'))
  await exportSiteOf([`starter=${folder}`], { output_dir: site, overwrite: true })
  const host = Fastify()
  await host.register(fastifyStatic, {
    root: site,
    setHeaders(response) {
      response.setHeader('cross-origin-opener-policy', 'same-origin')
      response.setHeader('cross-origin-embedder-policy', 'require-corp')
    },
  })
  const address = await host.listen({ port: 0, host: '127.0.0.1' })
  const browser = await openChromium()
  const page = await browser.newPage()
  await page.goto(`${address}/`)
  const answer: Answering = (examples) =>
    page.evaluate(
      async ({ asked, threads }) => {
        const manifest = await (await fetch('site.json')).json()
        const worker = new Worker('reader-wasm.js', { type: 'module' })
        const base = new URL('.', document.baseURI).href
        worker.postMessage({ type: 'open', base, manifest, threads, keepsFiles: false })
        const found: string[] = []
        for (const [id, { question, context }] of asked.entries())
          await new Promise<void>((resolve, reject) => {
            worker.onmessage = ({ data }) => {
              if (data.type === 'failed') reject(new Error(data.problem))
              if (data.type === 'loaded') resolve()
              if (data.event?.name === 'answer') found.push(data.event.data.result.answers[0].answer)
            }
            worker.postMessage({
              type: 'ask',
              id,
              request: { questions: [question], context, model: 'starter', top_k: 1 },
            })
          })
        worker.terminate()
        return found
      },
      { asked: examples.map(({ question, context }) => ({ question, context })), threads },
    )
  const close = async () => {
    await browser.close()
    await host.close()
    rmSync(site, { recursive: true })
  }
  return { name: 'WebAssembly in Chromium', answer, close }
}

/** `spanforge serve`, with several clients at once. */
async function served(clients: number): Promise<Place> {
  const server = await startServerProcess('starter')
  const answer: Answering = async (examples) => {
    const found: string[] = new Array(examples.length)
    let next = 0
    const client = async () => {
      for (let i = next++; i < examples.length; i = next++) {
        const { question, context } = examples[i]
        const response = await fetch(`${server.address}api/answer`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ question, context }),
        })
        if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
        found[i] = (await response.json()).answers[0].answer
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    return found
  }
  return { name: `served, ${clients} clients`, answer, close: () => server.end() }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    questions: { type: 'string' },
    clients: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
  },
})
const folder = starterFolder()
if (!folder || positionals.length === 0) throw new Error('expected data files, and the folder starter/')
const withInterval = (value: number, [low, high]: readonly [number, number]) =>
  `${value.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`

console.log('| data | where | questions | exact match | F1 | same answers as in Node.js |\n|---|---|--:|---|---|--:|')
const inOrder = [
  () => inNode(folder),
  () => inWasm(folder, Number(values.threads)),
  () => served(Number(values.clients)),
]
const reference = new Map<string, string[]>()
for (const open of inOrder) {
  const place = await open()
  try {
    for (const file of positionals) {
      const examples = parseSquad(await readFile(file, 'utf8'), basename(file)).slice(
        0,
        Number(values.questions ?? Number.POSITIVE_INFINITY),
      )
      const texts = await place.answer(examples)
      const { exact_match, f1, scores } = scorePredictions(
        examples,
        new Map(examples.map(({ id }, i) => [id, texts[i]])),
      )
      const intervals = scoreIntervals(scores)
      const first = reference.get(file) ?? texts
      reference.set(file, first)
      const same = texts.filter((text, i) => text === first[i]).length
      const cells = [
        basename(file),
        place.name,
        examples.length.toLocaleString('en-US'),
        withInterval(exact_match, intervals.exact_match),
        withInterval(f1, intervals.f1),
        `${((100 * same) / texts.length).toFixed(1)} %`,
      ]
      console.log(`| ${cells.join(' | ')} |`)
    }
  } finally {
    await place.close()
  }
}
