import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tinyFolder } from '../../tests/tiny-squad.ts'
import { SERVER_DEFAULTS } from '../server/defaults.ts'
import { type RunningServer, startServer } from '../server/server.ts'
import { readProject } from './project/project.ts'
import { ServedProject } from './served-project.ts'

const TOKEN = 'correct-horse-battery'
const context = 'The 🌊 is in ro. max is in oz.'
const log = pino({ level: 'silent' })

let folder: string
let project: ServedProject
let server: RunningServer
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-served-'))
})
afterEach(async () => {
  await server.close()
  await project.close()
  rmSync(folder, { recursive: true })
})

async function start(tokens: readonly string[] = []): Promise<void> {
  const log_questions = join(folder, 'questions.jsonl')
  project = await ServedProject.open(join(folder, 'project'), log_questions)
  server = await startServer([`tiny=${tinyFolder}`], {
    ...SERVER_DEFAULTS,
    ...{ port: 0, tokens, log, log_questions, log_below: 1 },
    annotate: (app, models) => project.register(app, models, { tokens, host: '127.0.0.1', log }),
  })
}

async function call(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${server.address}${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  })
  return { status: response.status, json: await response.json() }
}

describe('the annotation page of a server', () => {
  it('shows questions that the server has kept, with the suggestions of its model', async () => {
    await start()
    expect((await call('api/models')).json.annotate).toBe('annotate/')
    await call('api/answer', { question: 'who is in oz?', context })
    const listed = async () => {
      await call('annotate/api/project')
      return (await call('annotate/api/passages?order=certainty')).json.passages
    }
    await expect.poll(async () => (await listed())[0]?.questions).toBe(1)
    const [{ id }] = await listed()
    const { json: passage } = await call(`annotate/api/passages/${id}?annotator=ann`)
    const [question] = passage.questions
    expect(question).toMatchObject({
      question: 'who is in oz?',
      source: 'questions.jsonl',
      suggestion: { model: 'tiny' },
    })
    const answers = [{ text: 'max', answer_start: context.indexOf('max') }]
    const action = { type: 'answer', id: question.id, annotator: 'ann', answers }
    expect((await call('annotate/api/actions', action)).status).toBe(200)
    expect((await readProject(join(folder, 'project'))).questions.get(question.id)!.responses.get('ann')).toMatchObject(
      {
        answers,
      },
    )
  })

  it('moves to an address from which its relative links work', async () => {
    await start()
    const response = await fetch(`${server.address}annotate`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, 'annotate/'])
    const html = await (await fetch(`${server.address}annotate/`)).text()
    const script = /src="\.\/(assets\/[^"]+)"/.exec(html)![1]
    expect((await fetch(`${server.address}annotate/${script}`)).status).toBe(200)
  })

  it('is only for its own page without tokens, and needs them otherwise', async () => {
    await start()
    const elsewhere = { origin: 'https://example.org' }
    expect((await call('annotate/api/project', undefined, elsewhere)).status).toBe(403)
    expect((await call('annotate/api/actions', {}, elsewhere)).status).toBe(403)
    await server.close()
    await project.close()
    await start([TOKEN])
    expect((await call('annotate/api/project')).status).toBe(401)
    expect((await call('annotate/api/project', undefined, { authorization: `Bearer ${TOKEN}` })).status).toBe(200)
    expect((await fetch(`${server.address}annotate/`)).status).toBe(200)
  })
})
