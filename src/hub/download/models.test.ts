import { mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HubServer } from '../../../tests/hub-server.ts'
import { BERT, bytes, hubWorld } from '../../../tests/hub-world.ts'
import type { DownloadProgress } from '../http/options.ts'
import { modelFiles, resolveModel } from './models.ts'

let commit = ''
const world = hubWorld((server) => {
  const bert = server.add('model', 'ann/bert')
  commit = bert.commit(BERT)
  server.add('model', 'ann/bert-base-uncased').commit(BERT)
  server.rename('model', 'bert-base-uncased', 'ann/bert-base-uncased')
  server.add('model', 'ann/old').commit({
    'config.json': BERT['config.json'],
    'vocab.txt': BERT['vocab.txt'],
    'pytorch_model.bin': bytes(100),
  })
  server.add('model', 'ann/keras').commit({ 'config.json': '{}', 'tf_model.h5': bytes(100) })
  server.add('model', 'ann/t5').commit({ ...BERT, 'config.json': '{"model_type":"t5"}' })
  server
    .add('model', 'ann/phonetic')
    .commit({ ...BERT, 'tokenizer.json': '{"added_tokens":[],"model":{"type":"Phonetic","vocab":{}}}' })
  server.add('model', 'ann/climbs').commit({ ...BERT, '../../../../.bashrc': 'echo' })
  server.add('model', 'ann/secret', { access: 'private' }).commit(BERT)
  server.add('model', 'ann/gated', { access: 'gated' }).commit(BERT)
})
const resolve = (name: string, more = {}) => resolveModel(name, { ...world.options, ...more })

describe('a model by name', () => {
  it("downloads the files that a BERT needs, in the layout of Python's cache", async () => {
    const folder = await resolve('ann/bert')
    expect(folder).toBe(join(world.cache, 'models--ann--bert/snapshots', commit))
    expect((await world.files()).filter((path) => path.includes(`${commit}/`))).toEqual(
      ['config.json', 'model.safetensors', 'tokenizer.json', 'vocab.txt'].map(
        (path) => `models--ann--bert/snapshots/${commit}/${path}`,
      ),
    )
    expect(await readFile(join(world.cache, 'models--ann--bert/refs/main'), 'utf8')).toBe(commit)
    expect(await readlink(join(folder, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/)
    expect(await readlink(join(folder, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/)
  })

  it('is downloaded once', async () => {
    await resolve('ann/bert')
    const { length } = world.downloads
    await resolve('ann/bert')
    expect(world.downloads).toHaveLength(length)
  })

  it('includes versioned tokenizer files', async () => {
    const tokenizer_config = JSON.stringify({ fast_tokenizer_files: ['tokenizer.4.0.0.json'] })
    const versioned = { 'tokenizer.4.0.0.json': BERT['tokenizer.json'], 'tokenizer.json': '{}' }
    world.server
      .add('model', 'ann/versioned')
      .commit({ ...BERT, ...versioned, 'tokenizer_config.json': tokenizer_config })
    const folder = await resolve('ann/versioned')
    expect(await readFile(join(folder, 'tokenizer.4.0.0.json'), 'utf8')).toBe(BERT['tokenizer.json'])
  })

  it('announces the size of a large download', async () => {
    const giant = { ...BERT, 'model.safetensors': bytes(21e6) }
    world.server.add('model', 'ann/large').commit(giant)
    await resolve('ann/large')
    expect(world.notices).toEqual([`ann/large: downloading 21.0 MB into ${world.cache}`])
  })

  it('is found under its former name through a redirect', async () => {
    expect(await resolve('bert-base-uncased')).toContain('models--bert-base-uncased')
  })

  it('follows its branch to a new commit and downloads only changed files', async () => {
    const moving = world.server.add('model', 'ann/moving')
    moving.commit(BERT)
    await resolve('ann/moving')
    moving.commit({ 'vocab.txt': 'new' })
    world.server.reset()
    expect(await readFile(join(await resolve('ann/moving'), 'vocab.txt'), 'utf8')).toBe('new')
    expect(world.downloads).toEqual(['/ann/moving/resolve/HASH/vocab.txt'])
  })

  it('at a known commit is read from the cache without a request', async () => {
    await resolve('ann/bert', { revision: commit })
    world.server.reset()
    await resolve('ann/bert', { revision: commit })
    expect(world.server.requests).toEqual([])
  })

  it('does not download weights with weights: false', async () => {
    await resolve('ann/bert', { weights: false })
    expect((await world.files()).some((path) => path.endsWith('model.safetensors'))).toBe(false)
  })

  it('falls back to pytorch_model.bin if there is no model.safetensors', async () => {
    expect(await readFile(join(await resolve('ann/old'), 'pytorch_model.bin'))).toEqual(bytes(100))
  })

  it('reports progress up to the last byte', async () => {
    const seen: DownloadProgress[] = []
    await resolve('ann/bert', { onProgress: (progress: DownloadProgress) => seen.push(progress) })
    expect(seen.at(-1)).toMatchObject({ totalReceived: seen[0].totalSize })
    expect(new Set(seen.map(({ file }) => file)).size).toBe(4)
  })

  it('downloads each file once for two concurrent calls', async () => {
    const folders = await Promise.all([resolve('ann/bert'), resolve('ann/bert')])
    expect(folders[0]).toBe(folders[1])
    expect(world.downloads.filter((url) => url.startsWith('/content/'))).toHaveLength(1)
  })
})

it('returns an existing folder as it is, and does not look up a missing path on the hub', async () => {
  await mkdir(join(world.cache, 'mine'))
  expect(await resolve(join(world.cache, 'mine'))).toBe(join(world.cache, 'mine'))
  for (const path of ['./bert', '/no/bert', '~/bert', 'a/b/c', 'bert/', ''])
    await expect(resolve(path)).rejects.toThrow('no such folder')
  for (const name of ['a--b', 'a b', '...', 'a/..', '-a', 'a.'])
    await expect(resolve(name)).rejects.toThrow(/neither an existing folder|no such folder/)
  expect(world.server.requests).toEqual([])
})

describe('offline', () => {
  it('returns the same folder without a request', async () => {
    const folder = await resolve('ann/bert')
    world.server.reset()
    expect(await resolve('ann/bert', { offline: true })).toBe(folder)
    expect(world.server.requests).toEqual([])
  })

  it('works with only the snapshot folder', async () => {
    const folder = await resolve('ann/bert')
    await rm(join(world.cache, 'models--ann--bert/.spanforge'), { recursive: true })
    expect(await resolve('ann/bert', { offline: true })).toBe(folder)
  })

  it('explains how to download what is not in the cache', async () => {
    await expect(resolve('ann/bert', { offline: true })).rejects.toThrow(
      /in the cache[\s\S]*spanforge download ann\/bert/,
    )
    await resolve('ann/bert', { weights: false })
    await expect(resolve('ann/bert', { offline: true })).rejects.toThrow('model.safetensors is not in the cache')
    await rm(join(world.cache, 'models--ann--bert/.spanforge'), { recursive: true })
    await expect(resolve('ann/bert', { offline: true })).rejects.toThrow(
      'model.safetensors or pytorch_model.bin is not in',
    )
  })

  it('uses the cache, with a notice, if the hub cannot be reached', async () => {
    const folder = await resolve('ann/bert')
    world.server.misbehave(/./, { status: 503 }, 100)
    expect(await resolve('ann/bert')).toBe(folder)
    expect(world.notices).toEqual([expect.stringMatching(/cannot be reached: using the cached copy of ann\/bert/)])
  })
})

describe('the error for', () => {
  it('an unknown name lists the nearest names', async () => {
    await expect(resolve('bert-base-uncasd')).rejects.toThrow(
      /there is no model "bert-base-uncasd"[\s\S]*Nearest names: ann\/bert-base-uncased[\s\S]*If it is private, set HF_TOKEN/,
    )
  })

  it('a private model names HF_TOKEN, and a token gives access', async () => {
    await expect(resolve('ann/secret')).rejects.toThrow(/no model "ann\/secret"[\s\S]*set HF_TOKEN/)
    expect(await resolve('ann/secret', { token: HubServer.TOKEN })).toContain('models--ann--secret')
  })

  it('a gated model says where to accept its conditions', async () => {
    await expect(resolve('ann/gated')).rejects.toThrow(/is gated[\s\S]*accept the conditions at .*\/ann\/gated/)
  })

  it('an unknown revision says what a revision is', async () => {
    await expect(resolve('ann/bert', { revision: 'v9' })).rejects.toThrow('the model "ann/bert" has no revision "v9"')
    await expect(resolve('ann/bert', { revision: '../..' })).rejects.toThrow('invalid revision "../.."')
  })

  it('an unreachable hub says what to check', async () => {
    const nowhere = { endpoint: 'http://127.0.0.1:1' }
    await expect(resolve('ann/bert', nowhere)).rejects.toThrow(/127\.0\.0\.1:1 cannot be reached[\s\S]*HTTPS_PROXY/)
  })

  it('a repository without supported weights names the weights it has', async () => {
    await expect(resolve('ann/keras')).rejects.toThrow(
      /has TensorFlow weights \(tf_model\.h5\), but no model\.safetensors or pytorch_model\.bin[\s\S]*from_tf=True/,
    )
  })

  it.each([
    ['ann/t5', 'this is a model of type "t5"'],
    ['ann/phonetic', 'Phonetic'],
  ])('%s, which is not supported, is thrown before its weights are downloaded', async (name, message) => {
    await expect(resolve(name)).rejects.toThrow(message)
    expect(world.downloads.filter((url) => /config|tokenizer/.test(url)).length).toBeGreaterThan(0)
    expect(world.downloads.filter((url) => /^\/content|safetensors|bin/.test(url))).toEqual([])
  })

  it('a file name that leads out of the folder', async () => {
    await expect(resolve('ann/climbs')).rejects.toThrow('the file name "../../../../.bashrc" leads out of its folder')
    expect(await world.files()).toEqual([])
  })

  it('insufficient disk space is thrown before the download', async () => {
    const info = { sha: commit, siblings: [{ rfilename: 'config.json', size: 2 ** 52, blobId: commit }] }
    const siblings = [...info.siblings, { rfilename: 'model.safetensors', size: 1, blobId: commit }]
    const giant = world.server.add('model', 'ann/giant')
    giant.commit(BERT)
    world.server.misbehave(/giant/, { status: 200, text: JSON.stringify({ ...info, siblings }) })
    await expect(resolve('ann/giant')).rejects.toThrow(/4503599\.63 GB are required[\s\S]*are free/)
    expect(world.downloads).toEqual([])
  })

  it.each([
    ['a web page', '<html>', 'the response is not JSON'],
    ['a different structure', '[]', 'unexpected response'],
    ['a commit that leads out of the folder', `{"sha":"../../..","siblings":[]}`, 'expected a commit'],
  ])('a response with %s', async (_, text, message) => {
    world.server.misbehave(/revision/, { status: 200, text })
    await expect(resolve('ann/bert')).rejects.toThrow(message)
  })
})

it('sends the token to the hub, but not to another host after a redirect', async () => {
  await resolve('ann/secret', { token: HubServer.TOKEN })
  const sentTo = (server: string) =>
    world.server.requests.filter((seen) => seen.server === server).map(({ headers }) => headers.authorization)
  expect(new Set(sentTo('hub'))).toEqual(new Set([`Bearer ${HubServer.TOKEN}`]))
  expect(sentTo('storage')).toEqual([undefined])
})

it('downloads a truncated blob again', async () => {
  const folder = await resolve('ann/bert')
  await writeFile(join(folder, 'model.safetensors'), 'short')
  const again = await resolve('ann/bert')
  expect((await readFile(join(again, 'model.safetensors'))).equals(BERT['model.safetensors'])).toBe(true)
})

it('includes the index with sharded weights', () => {
  const shards = [
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ]
  expect(modelFiles(['config.json', 'pytorch_model.bin', ...shards], true)).toEqual(['config.json', ...shards])
})
