import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { importPaths } from '../import/import.ts'
import { Project } from '../project/project.ts'
import { type AnnotationServer, startAnnotating } from '../server.ts'

const TOKEN = 'correct-horse-battery'

let folder: string
let project: Project
let server: AnnotationServer
const log = pino({ level: 'silent' })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-annotate-'))
  writeFileSync(join(folder, 'a.md'), '# Pump\n\nPress the red button.\n\n# Filter\n\nFilter papers are white.')
  project = await Project.open(join(folder, 'project'))
  await importPaths(project, [join(folder, 'a.md')])
})
afterEach(async () => {
  await server?.close()
  await project.close()
  rmSync(folder, { recursive: true })
})

const start = async (tokens: readonly string[] = []) => {
  server = await startAnnotating(project, { port: 0, tokens, log })
}

interface Sent {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function call(path: string, { body, headers }: Sent = {}) {
  const response = await fetch(`${server.address}${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  })
  return { status: response.status, json: await response.json() }
}

const act = (body: unknown, headers = {}) => call('api/actions', { body, headers })

describe('the annotation server', () => {
  it('documents all routes', async () => {
    await start([TOKEN])
    const { json } = await call('openapi.json')
    const routes = Object.entries(json.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { operationId?: string; summary?: string }>).map(
        ([method, { operationId, summary }]) => [
          `${method} ${path}`,
          operationId !== undefined && summary !== undefined,
        ],
      ),
    )
    expect(routes).toEqual([
      ['get /api/project', true],
      ['get /api/passages', true],
      ['get /api/passages/{id}', true],
      ['post /api/actions', true],
      ['get /api/disagreements', true],
      ['get /api/export', true],
      ['post /api/import', true],
    ])
    expect(json.security).toEqual([{ token: [] }])
    expect((await fetch(`${server.address}docs`)).status).toBe(200)
  })

  it('stores actions, and repeats of a request change nothing', async () => {
    await start()
    const { json: list } = await call('api/passages')
    const passage = list.passages[0].id
    const asked = { type: 'question', id: 'q1', passage, annotator: 'ann', question: 'Which button?' }
    for (let i = 0; i < 2; i++) expect(await act(asked)).toMatchObject({ status: 200, json: { id: 'q1' } })
    // The same words of another annotator are the same question.
    const same = { ...asked, id: 'q2', annotator: 'bob', question: ' which  BUTTON' }
    expect((await act(same)).json.id).toBe('q1')
    const { text } = project.state.passage(passage)
    const answers = [{ text: 'red button', answer_start: text.indexOf('red button') }]
    expect((await act({ type: 'answer', id: 'q1', annotator: 'ann', answers })).status).toBe(200)
    const { json } = await call(`api/passages/${passage}?annotator=ann`)
    expect(json.questions).toMatchObject([{ question: 'Which button?', own: { answers }, others: 0 }])
    const { json: others } = await call(`api/passages/${passage}?annotator=bob`)
    expect(others.questions[0]).toMatchObject({ others: 1 })
    expect(others.questions[0].own).toBeUndefined()
    expect((await call('api/export')).json.data[0].paragraphs[0].qas[0].id).toBe('q1')
    expect((await call('api/project?annotator=ann')).json.progress).toMatchObject({ questions: 1, answered: 1 })
  })

  it('finds passages by text, question, comment and status', async () => {
    await start()
    const { json: all } = await call('api/passages')
    expect(all.total).toBe(2)
    const [first, second] = all.passages
    expect([first.start, second.start]).toEqual(['Press the red button.', 'Filter papers are white.'])
    await act({ type: 'question', id: 'q', passage: second.id, annotator: 'ann', question: 'How often?' })
    await act({ type: 'comment', passage: second.id, annotator: 'ann', comment: 'Unclear' })
    await act({ type: 'status', passage: first.id, annotator: 'ann', status: 'done' })
    const found = async (query: string) =>
      (await call(`api/passages?annotator=ann&${query}`)).json.passages.map(({ id }: { id: string }) => id)
    expect(await found('search=RED')).toEqual([first.id])
    expect(await found('search=how often')).toEqual([second.id])
    expect(await found('search=unclear')).toEqual([second.id])
    expect(await found('show=done')).toEqual([first.id])
    expect(await found('show=open')).toEqual([second.id])
    expect(await found('show=unanswered')).toEqual([second.id])
    expect(await found('show=commented')).toEqual([second.id])
    expect(await found('limit=1&offset=1')).toEqual([second.id])
    expect(await found('document=nowhere')).toEqual([])
  })

  it('rejects invalid requests, and stores nothing of them', async () => {
    await start()
    const passage = (await call('api/passages')).json.passages[0].id
    await act({ type: 'question', id: 'q', passage, annotator: 'ann', question: 'Which?' })
    const { revision } = project.state
    for (const [body, message] of [
      [
        { type: 'answer', id: 'q', annotator: 'ann', answers: [{ text: 'red', answer_start: 0 }] },
        'is not at character 0',
      ],
      [{ type: 'answer', id: 'none', annotator: 'ann', answers: [] }, 'unknown question'],
      [{ type: 'question', passage, annotator: 'ann', question: ' ' }, 'question'],
      [{ type: 'question', passage, annotator: '', question: 'Who?' }, 'annotator'],
      [{ type: 'status', passage, annotator: 'ann', status: 'lost' }, 'status'],
      [{ type: 'drop' }, 'type'],
      [{ type: 'edit', id: 'q', annotator: 'ann', question: 'x'.repeat(6000) }, 'question'],
    ] as const) {
      const { status, json } = await act(body)
      expect([status, json.detail]).toEqual([422, expect.stringContaining(message)])
    }
    expect(project.state.revision).toBe(revision)
    expect((await call('api/passages/none')).status).toBe(404)
    expect((await call('api/export')).status).toBe(409)
    expect((await call('api/import', { body: { name: 'x.json', content: '{"no": "data"}' } })).json.detail).toContain(
      'x.json',
    )
  })

  it('accepts no requests of other sites', async () => {
    await start()
    const body = { type: 'status', passage: 'x', annotator: 'ann', status: 'done' }
    for (const headers of [{ origin: 'https://example.org' }, { origin: 'null' }])
      expect((await act(body, headers)).status).toBe(403)
    const own = { origin: new URL(server.address).origin }
    expect((await act(body, { ...own, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await act(body, own)).status).toBe(422)
    const form = await fetch(`${server.address}api/actions`, { method: 'POST', body: JSON.stringify(body) })
    expect(form.status).toBe(415)
  })

  it('requires a token beyond this machine', async () => {
    await expect(startAnnotating(project, { host: '0.0.0.0', port: 0, log })).rejects.toThrow('requires a token')
    await start([TOKEN])
    expect((await call('api/project')).status).toBe(401)
    expect((await call('api/project', { headers: { authorization: 'Bearer wrong-wrong-wrong-wrong' } })).status).toBe(
      401,
    )
    expect((await call('api/project', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200)
  })
})
