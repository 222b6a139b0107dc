import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LOG_HEADER, readQuestionLog } from './entries.ts'
import { LogFile, type LoggedPair } from './log-file.ts'

const MANY = 2 ** 20

let folder: string
let path: string
let opened: LogFile[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-log-'))
  path = join(folder, 'sub', 'questions.jsonl')
  opened = []
})
afterEach(async () => {
  for (const file of opened) await file.close()
  rmSync(folder, { recursive: true })
})

async function open(maxBytes = MANY): Promise<LogFile> {
  const file = await LogFile.open(path, maxBytes)
  opened.push(file)
  return file
}

async function close(file: LogFile): Promise<void> {
  opened.splice(opened.indexOf(file), 1)
  await file.close()
}

const at = '2026-01-31T12:00:00.000Z'
const text = { type: 'text', id: 't', text: 'bo is in ro.' } as const

const asked = (id: string): LoggedPair => ({
  text,
  about: {
    ...{ type: 'question', id, at, text: 't', question: `who? ${id}`, answer: 'bo', answer_start: 0 },
    ...{ confidence: 0.2, score: 0.1, model: 'tiny' },
  },
})

const corrected = (id: string, answer: string): LoggedPair => ({
  text,
  about: {
    ...{ type: 'correction', id, at, text: 't', question: 'who?' },
    answers: [{ text: answer, answer_start: text.text.indexOf(answer) }],
  },
})

async function stored(): Promise<string[]> {
  const items: string[] = []
  for await (const { item } of readQuestionLog(path))
    items.push('type' in item ? `${item.type} ${item.id}` : item.reason)
  return items
}

it('stores each text, question and correction once, also after it is opened again', async () => {
  const first = await open()
  expect(await first.append([asked('a'), asked('a'), asked('b')])).toEqual({ written: 2, refused: 0 })
  expect(await first.append([asked('a')])).toEqual({ written: 0, refused: 0 })
  await first.append([corrected('a', 'bo')])
  await close(first)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const second = await open()
  await second.append([asked('b'), asked('c'), corrected('a', 'bo'), corrected('a', 'ro'), corrected('a', 'bo')])
  expect(await stored()).toEqual([
    ...['text t', 'question a', 'question b', 'correction a'],
    ...['question c', 'correction a', 'correction a'],
  ])
})

it('removes the incomplete line of a killed process, and reading tolerates it', async () => {
  const first = await open()
  await first.append([asked('a')])
  await close(first)
  const whole = readFileSync(path, 'utf8')
  for (const rest of ['{"type":"question","id":"b","at":"2026', '{', whole.trimEnd().split('\n').at(-1)!]) {
    appendFileSync(path, rest)
    expect(await stored()).toEqual(['text t', 'question a'])
    const next = await open()
    expect(readFileSync(path, 'utf8')).toBe(whole)
    await close(next)
  }
  // Killed while the first line was written.
  writeFileSync(path, LOG_HEADER.slice(0, 20))
  await (await open()).append([asked('a')])
  expect(await stored()).toEqual(['text t', 'question a'])
})

it.each([
  ['data', '{"question": "Who?", "context": "Ada."}\n'],
  ['a file that starts like JSON', '{'],
  ['a log of another version', LOG_HEADER.replace('1', '2')],
  ['text', 'hello'],
])('never writes to %s', async (_, content) => {
  path = join(folder, 'mine')
  writeFileSync(path, content)
  await expect(open()).rejects.toThrow('not a question log')
  expect(readFileSync(path, 'utf8')).toBe(content)
  expect(existsSync(`${path}.lock`)).toBe(false)
})

it('rejects folders and devices', async () => {
  path = folder
  await expect(open()).rejects.toThrow('not a question log')
  path = '/dev/null'
  await expect(open()).rejects.toThrow('not a question log')
})

it('uses an empty file, and makes it private', async () => {
  path = join(folder, 'empty')
  writeFileSync(path, '', { mode: 0o644 })
  await (await open()).append([asked('a')])
  expect(await stored()).toEqual(['text t', 'question a'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('allows a single writer', async () => {
  await open()
  await expect(open()).rejects.toThrow('in use by another run')
})

it('stops at its maximum size, between lines', async () => {
  const file = await open(700)
  const results = []
  for (const id of 'abcdef') results.push((await file.append([asked(id)])).refused)
  expect(results).toEqual([0, 0, 0, 1, 1, 1])
  expect(statSync(path).size).toBeLessThanOrEqual(700)
  expect(await stored()).toEqual(['text t', 'question a', 'question b', 'question c'])
  await close(file)
  expect(await (await open(700)).append([asked('z')])).toEqual({ written: 0, refused: 1 })
})

it('starts again after the file was removed or moved away, and continues one that was changed', async () => {
  const file = await open()
  await file.append([asked('a')])
  rmSync(path)
  await file.append([asked('a')])
  expect(await stored()).toEqual(['text t', 'question a'])
  renameSync(path, `${path}.1`)
  await file.append([asked('b')])
  expect(await stored()).toEqual(['text t', 'question b'])
  // Another program has appended an entry and a part of one.
  const [, , line] = readFileSync(`${path}.1`, 'utf8').split('\n')
  appendFileSync(path, `${line}\n{"type"`)
  await file.append([asked('a'), asked('c')])
  expect(await stored()).toEqual(['text t', 'question b', 'question a', 'question c'])
})

it('does not write to a foreign file that took its place', async () => {
  const file = await open()
  rmSync(path)
  writeFileSync(path, 'mine')
  await expect(file.append([asked('a')])).rejects.toThrow('not a question log')
  expect(readFileSync(path, 'utf8')).toBe('mine')
  rmSync(path)
  await file.append([asked('a')])
  expect(await stored()).toEqual(['text t', 'question a'])
})
