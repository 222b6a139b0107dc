/** Models that are promoted while a server answers, over real connections. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, inject, vi } from 'vitest'
import { pipeline } from '../src/api/pipeline.ts'
import { buildIndex } from '../src/runs/index/build-index.ts'
import { promote } from '../src/runs/promote/promote.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import { PassageIndex } from '../src/search/passage-index.ts'
import { parseStream } from './event-stream.ts'
import { copyTiny, noisyCopy, questionsFor } from './promotions.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { itInFull } from './thorough.ts'
import { tinyText } from './tiny-service.ts'

// Processes take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

const TOKEN = 'correct-horse-battery-staple'
const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` }

const ended: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

interface StartedServer {
  readonly url: string
  /** What the server has logged so far. */
  log(): string
}

async function serve(folder: string, ...argv: readonly string[]): Promise<StartedServer> {
  const child = spawn(process.execPath, [inject('cli'), 'serve', folder, '--port', '0', '--json', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SPANFORGE_TOKEN: '' },
  })
  ended.push(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let [said, logged] = ['', '']
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    logged += chunk
  })
  await vi.waitFor(() => expect(said).toContain('"pid"'), 120_000)
  return { url: JSON.parse(said).address, log: () => logged }
}

/** A request with the answers of each model as computed alone. */
interface Probe {
  readonly path: string
  readonly body: object
  /** The best answer and its score, by the model's folder. */
  readonly expected: ReadonlyMap<string, readonly [answer: string, score: number]>
}

interface Reply {
  readonly revision: string
  readonly answer: string
  readonly score: number
}

async function ask({ url }: StartedServer, { path, body }: Probe): Promise<Reply> {
  const response = await fetch(`${url}api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await response.text()
  expect([response.status, text]).toEqual([200, expect.any(String)])
  if (path !== 'stream') {
    const { revision, answers, results } = JSON.parse(text)
    const [{ answer, score }] = answers ?? results[0].answers
    return { revision, answer, score }
  }
  const events = parseStream(text)
  const data = (name: string) => events.find(({ event }) => event === name)!.data as Record<string, string>
  const { result } = data('answer') as unknown as { result: { answers: [Reply] } }
  expect(data('end').revision).toBe(data('start').revision)
  return { ...result.answers[0], revision: data('start').revision }
}

/** A paragraph, a page and several pages, which are tokenized in a worker; as JSON, as a stream, and from an index. */
async function probesOf(folders: readonly string[], index: string): Promise<readonly Probe[]> {
  const question = 'who is in ro?'
  const texts = [tinyText(30), tinyText(300), tinyText(1500)]
  const models = await Promise.all(folders.map((folder) => pipeline('question-answering', folder)))
  const passages = PassageIndex.open(index)
  type Found = readonly [string, number]
  const found = async (find: (model: (typeof models)[number]) => Promise<Found>) =>
    new Map(await Promise.all(folders.map(async (folder, i) => [folder, await find(models[i])] as const)))
  const probes: Probe[] = []
  for (const context of texts) {
    const expected = await found(async (model) => {
      const [{ answer, score }] = (await model.search(question, [context], { top_k: 1 })).candidates
      return [answer, score]
    })
    probes.push({ path: 'answer', body: { question, context }, expected })
    probes.push({ path: 'stream', body: { questions: [question], context }, expected })
  }
  const expected = await found(async (model) => {
    const [{ answer, score }] = (await model.searchIndex(question, passages, { top_k: 1 })).answers
    return [answer, score]
  })
  probes.push({ path: 'search', body: { question }, expected })
  passages.close()
  for (const model of models) await model.dispose()
  return probes
}

itInFull(
  'answers every request while models are promoted again and again, each with one of the two models',
  async () => {
    const folder = temporaryFolder()
    const old = copyTiny(join(folder, 'old'))
    const other = await noisyCopy(old, join(folder, 'other'), 0.2)
    const data = join(folder, 'dev.json')
    await questionsFor(old, data, 20)
    mkdirSync(join(folder, 'docs'))
    writeFileSync(join(folder, 'docs/a.md'), `# max\n\nbo is in ro. li was ka.\n\n# una\n\nmax is in the sea of ro.`)
    const index = join(folder, 'index')
    await buildIndex([join(folder, 'docs')], { output_dir: index })
    const probes = await probesOf([old, other], index)
    for (const { expected } of probes) expect(new Set([...expected.values()].map(([, score]) => score)).size).toBe(2)

    const server = await serve(`qa=${old}`, '--index', index, '--token', TOKEN)
    const revisions = new Map<string, string>()
    let isDone = false
    const replies: (Reply & { readonly probe: Probe })[] = []
    const client = async (first: number) => {
      for (let i = first; !isDone; i++) {
        const probe = probes[i % probes.length]
        replies.push({ ...(await ask(server, probe)), probe })
      }
    }
    const clients = Promise.all(Array.from({ length: 6 }, (_, i) => client(i)))
    clients.catch(() => {}) // awaited below
    for (let swap = 0; swap < 10; swap++) {
      const next = swap % 2 ? old : other
      // Half of the swaps are noticed by the server itself.
      const servers = swap % 3 ? [{ url: server.url, token: TOKEN }] : []
      const { new: now, promoted } = await promote({
        ...{ old: `qa=${old}`, next, data: [data], metric: 'f1', alpha: 0.05, force: true, screen: noScreen, servers },
      })
      expect(promoted).toBe(true)
      revisions.set(now.revision, next)
      if (servers.length === 0)
        await vi.waitFor(async () => expect((await ask(server, probes[0])).revision).toBe(now.revision), {
          timeout: 60_000,
          interval: 100,
        })
      // From now on, the new model answers.
      for (const probe of probes) expect((await ask(server, probe)).revision).toBe(now.revision)
    }
    isDone = true
    await clients
    expect(replies.length).toBeGreaterThan(50)
    expect(new Set(replies.map(({ revision }) => revision))).toEqual(new Set(revisions.keys()))
    for (const { revision, answer, score, probe } of replies) {
      const [expected, expectedScore] = probe.expected.get(revisions.get(revision)!)!
      expect(answer).toBe(expected)
      expect(Math.abs(score - expectedScore)).toBeLessThan(1e-5)
    }
    const metric = async (name: string) => {
      const text = await (await fetch(`${server.url}metrics`, { headers })).text()
      return Number(new RegExp(`^spanforge_${name}(?:{.*})? (\\d+)$`, 'm').exec(text)?.[1])
    }
    expect(await metric('requests_dropped_total')).toBe(0)
    expect(await metric('questions_total')).toBeGreaterThan(replies.length)
    await vi.waitFor(async () => expect(await metric('models_in_memory')).toBe(1), 60_000)
    expect(server.log()).toContain('promoted model loaded')
    expect(server.log()).not.toContain('"level":50')
  },
)
