/** Servers and the models that are promoted in place of theirs. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startKillable } from '../../../tests/killable-cli.ts'
import { copyTiny, noisyCopy, questionsFor } from '../../../tests/promotions.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull } from '../../../tests/thorough.ts'
import { tinyService } from '../../../tests/tiny-service.ts'
import { buildIndex } from '../../runs/index/build-index.ts'
import { promote, promotionState, undoPromotion } from '../../runs/promote/promote.ts'
import { readPromotions, writePromotions } from '../../runs/promote/promotions.ts'
import { noScreen } from '../../runs/screen/screen.ts'
import { ServedIndex } from '../collection/served-index.ts'
import { SERVER_DEFAULTS } from '../defaults.ts'
import type { AnswerResponse, ModelInfo } from '../http/contract.ts'
import { SharedLimit } from '../security/shared-limit.ts'
import { type RunningServer, startServer } from '../server.ts'
import { ModelThread } from './model-thread.ts'
import { Models } from './models.ts'

const TOKEN = 'correct-horse-battery-staple'
const asked = { question: 'who is in ro?', context: 'bo is in ro. max is in ka.' }

let folder: string
let old: string
let next: string
let data: string
beforeEach(async () => {
  folder = temporaryFolder()
  old = copyTiny(join(folder, 'old'))
  next = await noisyCopy(old, join(folder, 'next'), 0.2)
  data = join(folder, 'dev.json')
  await questionsFor(old, data, 20)
})

const ended: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ended.splice(0)) await end()
})

/** Records that a model is served in place of `old`, as `promote` does. */
const record = (model: string) =>
  writePromotions(old, [
    { folder: old, revision: 'old', promoted: new Date().toISOString() },
    { folder: model, revision: 'new', promoted: new Date().toISOString() },
  ])

const started = async (options: { readonly tokens?: readonly string[] } = { tokens: [TOKEN] }, model = old) => {
  const log: { readonly level: number; readonly msg: string; readonly err?: { readonly message: string } }[] = []
  const logger = pino({}, { write: (line: string) => log.push(JSON.parse(line)) })
  const server = await startServer([model], { ...SERVER_DEFAULTS, ...options, port: 0, log: logger })
  ended.push(() => server.close())
  return { server, log }
}

const call = async (server: RunningServer, path: string, body?: object) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` }
  const response = await fetch(`${server.address}${path}`, {
    method: body ? 'POST' : 'GET',
    headers,
    body: body && JSON.stringify(body),
  })
  expect(response.status).toBe(200)
  return response.json()
}
const ask = (server: RunningServer) => call(server, 'api/answer', asked) as Promise<AnswerResponse>
const modelOf = async (server: RunningServer) =>
  ((await call(server, 'api/models')) as { models: [ModelInfo] }).models[0]

const promoted = (servers: readonly { readonly url: string; readonly token?: string }[]) =>
  promote({ old, next, data: [data], metric: 'f1', alpha: 0.05, force: true, screen: noScreen, servers })

describe('promote with a running server', () => {
  it('has it switch to the new model and back, and both survive a restart', async () => {
    const { server } = await started()
    const access = { url: server.address, token: TOKEN }
    const before = await ask(server)
    const { new: now } = await promoted([access])
    const after = await ask(server)
    expect(after.revision).toBe(now.revision)
    expect(after.answers[0].score).not.toBe(before.answers[0].score)
    expect(await modelOf(server)).toMatchObject({ id: 'old', name: 'next', revision: now.revision })

    const { server: restarted } = await started()
    expect(await ask(restarted)).toMatchObject({ revision: now.revision, answers: after.answers })

    await undoPromotion({ old, screen: noScreen, servers: [access] })
    expect(await ask(server)).toMatchObject({ revision: before.revision, answers: before.answers })
    const { server: third } = await started()
    expect((await ask(third)).revision).toBe(before.revision)
  })

  itInFull('waits until a server without tokens has noticed it', async () => {
    const { server } = await started({})
    const { new: now } = await promoted([{ url: server.address }])
    expect((await ask(server)).revision).toBe(now.revision)
  })

  itInFull('is undone if the model is deleted while the server loads it, and the old model stays in use', async () => {
    const { server, log } = await started()
    const before = await ask(server)
    const open = ModelThread.open
    vi.spyOn(ModelThread, 'open').mockImplementationOnce((...args) => {
      for (const name of readdirSync(next)) rmSync(join(next, name))
      return open(...args)
    })
    await expect(promoted([{ url: server.address, token: TOKEN }])).rejects.toThrow(/the promotion was undone: .*next/)
    expect(await ask(server)).toMatchObject({ revision: before.revision, answers: before.answers })
    expect((await promotionState(old)).served!.folder).toBe(old)
    expect(log.filter(({ level }) => level >= 50)).toEqual([])
  })

  itInFull('is undone on all servers if one of them uses another model folder', async () => {
    const { server } = await started()
    const before = await ask(server)
    const other = copyTiny(join(folder, 'other'))
    const { server: second } = await started({ tokens: [TOKEN] }, `old=${other}`)
    const servers = [server, second].map(({ address }) => ({ url: address, token: TOKEN }))
    await expect(promoted(servers)).rejects.toThrow(`the promotion was undone: ${second.address}: serves revision`)
    for (const one of [server, second]) expect((await ask(one)).revision).toBe(before.revision)
    expect((await promotionState(old)).served!.folder).toBe(old)
  })

  itInFull('rejects a wrong token and an unknown name before it evaluates', async () => {
    const { server } = await started()
    await expect(promoted([{ url: server.address, token: 'wrong-horse-battery' }])).rejects.toThrow('401')
    const none = promote({
      ...{ old, next, data: [data], metric: 'f1', alpha: 0.05, screen: noScreen },
      servers: [{ url: `${server.address}none`, token: TOKEN }],
    })
    await expect(none).rejects.toThrow('404')
  })
})

describe('a server', () => {
  it('notices a promotion by itself, and keeps the old model if the new one cannot be loaded', async () => {
    const { server, log } = await started()
    const before = await ask(server)
    const broken = join(folder, 'broken')
    cpSync(next, broken, { recursive: true })
    truncateSync(join(broken, 'model.safetensors'), 1000)
    await record(broken)
    await vi.waitFor(() => expect(log.map(({ msg }) => msg)).toContain(FAILED), 60_000)
    expect(log.find(({ msg }) => msg === FAILED)!.err!.message).toContain('broken/model.safetensors')
    expect((await ask(server)).revision).toBe(before.revision)
    await record(next)
    await vi.waitFor(async () => expect((await ask(server)).revision).not.toBe(before.revision), 60_000)
    // The broken model was tried once.
    expect(log.filter(({ msg }) => msg === FAILED)).toHaveLength(1)
  })

  it('starts with the latest promoted model that can be loaded', async () => {
    await record(join(folder, 'gone'))
    const { server, log } = await started()
    expect(log.map(({ msg }) => msg)).toContain('failed to load the promoted model; trying the one served before it')
    expect((await modelOf(server)).name).toBe('old')
    writeFileSync(join(old, 'promotion/served.json'), '{"models": []}')
    await expect(startServer([old], { ...SERVER_DEFAULTS, port: 0, log: pino({ level: 'silent' }) })).rejects.toThrow(
      'not a list of promoted models',
    )
  })

  it('needs the old model no longer once another one is promoted, and warns if that one has changed', async () => {
    await record(next)
    for (const name of readdirSync(old)) if (name !== 'promotion') rmSync(join(old, name))
    const { server, log } = await started()
    expect((await modelOf(server)).name).toBe('next')
    // The recorded revision is not that of a real model.
    expect(log.find(({ level }) => level === 40)!.msg).toContain('next: has changed since it was promoted')
    expect((await promotionState(old)).served!.folder).toBe(next)
  })

  it('follows the promotion when the folders are moved together', async () => {
    await record(next)
    const moved = join(folder, 'moved')
    mkdirSync(moved)
    for (const name of ['old', 'next']) cpSync(join(folder, name), join(moved, name), { recursive: true })
    expect((await readPromotions(join(moved, 'old'))).models.at(-1)!.folder).toBe(join(moved, 'next'))
  })

  itInFull('answers from an index with the new model if a swap happens during the search', async () => {
    const docs = join(folder, 'docs')
    mkdirSync(docs)
    writeFileSync(join(docs, 'a.md'), asked.context)
    await buildIndex([docs], { output_dir: join(folder, 'index') })
    const index = await ServedIndex.open(join(folder, 'index'))
    const service = await tinyService({ folders: [old], index })
    ended.push(() => service.close().then(() => index.end()))
    const search = index.search.bind(index)
    vi.spyOn(index, 'search').mockImplementation(async (...args) => {
      await record(next)
      const before = service.models.get()
      await service.models.reload('old')
      await vi.waitFor(() => expect(before.thread.isAlive).toBe(false), 60_000)
      return search(...args)
    })
    const payload = { question: asked.question }
    const response = await service.app.inject({ method: 'POST', url: '/api/search', payload })
    expect(response.json()).toMatchObject({ revision: service.models.get().identity.revision })
  })
})

const FAILED = 'failed to load the promoted model; the old one stays in use'

describe('Models', () => {
  const modelsWith = async (availableMemory?: () => number) => {
    const models = new Models({
      queueOptions: () => ({ max_tokens: 64, wait: 0, max_requests: 4, ...NO_LIMITS }),
      availableMemory,
    })
    ended.push(() => models.end())
    await models.load({ id: 'qa', source: old })
    return models
  }

  itInFull('do not load a second model that does not fit into memory', async () => {
    let available = 1000
    const models = await modelsWith(() => available)
    const before = models.get()
    await expect(models.reload('qa')).rejects.toThrow(
      /needs at least 1 MB of memory beside the one in use, but only 1 MB/,
    )
    expect(models.get()).toBe(before)
    available = 2 ** 30
    expect(await models.reload('qa')).not.toBe(before)
  })

  itInFull('load a model again if its files may have changed while it was being loaded', async () => {
    const models = await modelsWith()
    const first = models.reload('qa')
    await record(next)
    const [second, third] = [models.reload('qa'), models.reload('qa')]
    expect(second).not.toBe(first)
    expect((await second).name).toBe('next')
    expect(await third).toBe(await second)
    expect(models.get()).toBe(await second)
  })
})

const NO_LIMITS = { texts: new SharedLimit(1e8), windows: new SharedLimit(1e6) }

describe('promote that is killed', () => {
  itInFull('leaves the old or the new model to serve, and can be repeated', async () => {
    const argv = ['promote', old, next, '--data', data, '--force', '--json']
    let kills = 0
    for (const kill_at of [0, 4, 6, 7, 9]) {
      const [code] = await startKillable(argv, kill_at).closed
      if (code !== 0) kills++
      const { served } = await promotionState(old)
      expect([undefined, old, next]).toContain(served?.folder)
      const models = new Models({ queueOptions: () => ({ max_tokens: 64, wait: 0, max_requests: 4, ...NO_LIMITS }) })
      expect((await models.load({ id: 'qa', source: old })).thread.folder).toBe(served?.folder ?? old)
      await models.end()
      if (served?.folder === next) await undoPromotion({ old, screen: noScreen })
    }
    expect(kills).toBeGreaterThan(0)
    await promoted([])
    expect((await promotionState(old)).served!.folder).toBe(next)
    expect(readFileSync(join(old, 'promotion/served.json'), 'utf8')).toContain('../next')
  })
})
