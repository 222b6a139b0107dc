import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { HubServer } from '../../tests/hub-server.ts'
import { bytes, hubWorld } from '../../tests/hub-world.ts'
import { resolveModel } from './models.ts'
import { planPush, pushFolder } from './push.ts'

const FILES = {
  'README.md': '---\nlicense: apache-2.0\n---\n',
  'config.json': '{"model_type":"bert"}',
  // More than two parts of the test hub's 64 KiB.
  'model.safetensors': bytes(150_000),
  'plots/curve.png': bytes(500),
  'vocab.txt': '',
}
const STAYS = ['.git/config', 'checkpoint-193/config.json', 'optimizer.safetensors', 'model.safetensors.tmp', '.env']
const world = hubWorld(() => {})
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanforge-push-'))
  for (const [path, content] of [...Object.entries(FILES), ...STAYS.map((path) => [path, 'x'] as const)]) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return () => rm(folder, { recursive: true })
})
const push = (name: string, more = {}) =>
  pushFolder(folder, name, { ...world.options, token: HubServer.TOKEN, ...more })
const pathsOf = (files: readonly { path: string }[]) => files.map(({ path }) => path)

it('the plan is what would go, without asking anybody: no checkpoints, optimizer states or hidden files', async () => {
  expect(pathsOf(await planPush(folder))).toEqual(Object.keys(FILES).sort())
  expect(world.server.requests).toEqual([])
  await rm(join(folder, 'config.json'))
  await expect(planPush(folder)).rejects.toThrow('there is no config.json')
  await expect(planPush(join(folder, 'none'))).rejects.toThrow('cannot be read')
})

it('a folder is pushed, with a model made for it, and comes back the same', async () => {
  world.server.misbehave(/upload/, { status: 500 })
  const { uploaded, unchanged, commit } = await push('ann/new')
  expect(pathsOf(uploaded)).toEqual(Object.keys(FILES).sort())
  expect(unchanged).toEqual([])
  const { files, sha } = world.server.repository('model', 'ann/new')!.at('main')!
  expect(sha).toBe(commit)
  for (const [path, content] of Object.entries(FILES))
    expect(files.get(path)!.content.equals(Buffer.from(content)), path).toBe(true)
  expect(await resolveModel('ann/new', { ...world.options })).toContain(commit)
})

it('a card that knows no name yet is given the one that it is pushed under', async () => {
  await writeFile(join(folder, 'README.md'), 'model="OWNER/out", again OWNER/out!')
  await push('ann/named')
  const card = world.server.repository('model', 'ann/named')!.at('main')!.files.get('README.md')!
  expect(card.content.toString()).toBe('model="ann/named", again ann/named!')
})

it('a second push sends only what changed', async () => {
  await push('ann/again')
  await writeFile(join(folder, 'config.json'), '{}')
  world.server.reset()
  const { uploaded, unchanged } = await push('ann/again')
  expect(pathsOf(uploaded)).toEqual(['config.json'])
  expect(unchanged).toHaveLength(4)
  expect(world.server.requests.some(({ server }) => server === 'storage')).toBe(false)
})

it('the token does not go to the storage', async () => {
  await writeFile(join(folder, 'model.safetensors'), bytes(1000, 77))
  await push('ann/third')
  const stored = world.server.requests.filter(({ server }) => server === 'storage')
  expect(stored.length).toBeGreaterThan(0)
  for (const { headers } of stored) expect(headers.authorization).toBeUndefined()
})

it('progress ends at the whole size of the large files', async () => {
  await writeFile(join(folder, 'model.safetensors'), bytes(140_000, 78))
  const seen: { totalReceived: number; totalSize: number }[] = []
  await push('ann/progress', { onProgress: (progress: (typeof seen)[number]) => seen.push(progress) })
  expect(seen.at(-1)).toMatchObject({ totalReceived: 140_500, totalSize: 140_500 })
})

it('what push needs is said before anything is sent', async () => {
  await expect(push('ann/x', { token: '' })).rejects.toThrow(/push needs a token[\s\S]*Set HF_TOKEN/)
  await expect(push('ann/x', { offline: true })).rejects.toThrow('push needs a network')
  await expect(push('x')).rejects.toThrow(/has no owner[\s\S]*your-name\/x/)
  expect(world.server.requests).toEqual([])
  await expect(push('ann/x', { token: 'hf_wrong' })).rejects.toThrow('this token may not make the model "ann/x"')
})
