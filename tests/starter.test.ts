/** The starter model where no model is named. A tiny exported model takes its place. */
import { on } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { exportModel, pipeline, resolveModel } from '../src/index.ts'
import { modelSources } from '../src/runs/load/model-sources.ts'
import { spanforge } from './cli.ts'
import { runHere } from './run-here.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { tinyFolder, writeTinySquad } from './tiny-squad.ts'

const [question, context] = ['who is in ro?', 'bo is in ro.']
const asked = ['--question', question, '--context', context]

let folder: string
let starter: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  starter = join(folder, 'exported')
  await exportModel(tinyFolder, { output_dir: starter, dtypes: ['q8'], force: true, runtimes: ['node'] })
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void vi.unstubAllEnvs())

describe('with a starter model', () => {
  beforeEach(() => void vi.stubEnv('SPANFORGE_STARTER', starter))

  it('is what answer, pipeline and its name use, with the same answer', async () => {
    const named = await runHere('answer', '--model', starter, ...asked, '--json')
    expect(await runHere('answer', '--model', 'starter', ...asked, '--json')).toEqual(named)
    const { stdout: json, stderr } = await runHere('answer', ...asked, '--json')
    expect([json, stderr]).toEqual([named.stdout, expect.stringContaining('No model given: using the starter model')])
    const { stdout } = await runHere('answer', ...asked)
    expect(stdout).toContain(
      `No model given: using the starter model, which answers questions about English texts (${starter}`,
    )
    const answerer = await pipeline('question-answering')
    expect((await answerer.search(question, [context])).candidates[0].answer).toBe(JSON.parse(named.stdout).answer)
    await answerer.dispose()
    expect(await resolveModel('starter')).toBe(starter)
  })

  it('is served without a model, and its page says what it can do', async () => {
    let list: { models: unknown[] } | undefined
    const { stdout, code } = await spanforge(['serve', '--port', '0', '--log_level', 'silent'], {
      async meanwhile(child) {
        let said = ''
        for await (const [chunk] of on(child.stdout!, 'data')) {
          said += chunk
          const [, address] = /Serving starter at (\S+)\n/.exec(said) ?? []
          if (!address) continue
          list = (await (await fetch(`${address}api/models`)).json()) as { models: unknown[] }
          child.kill('SIGTERM')
          return
        }
      },
    })
    const about = 'answers questions about English texts'
    expect(list!.models).toMatchObject([{ id: 'starter', name: 'starter', exported: true, about }])
    expect([code, stdout]).toEqual([0, expect.stringContaining('Serving starter at')])
  })

  it('is in a site without a model', async () => {
    const site = join(temporaryFolder(), 'site')
    expect(await runHere('export', '--to', 'site', '--output_dir', site)).toMatchObject({ code: 0, stderr: '' })
    const { models } = JSON.parse(readFileSync(join(site, 'site.json'), 'utf8'))
    expect(models).toMatchObject([
      { id: 'starter', name: 'starter', dtype: 'q8', exported: true, about: 'answers questions about English texts' },
    ])
    expect(existsSync(join(site, models[0].weights.path))).toBe(true)
  })

  it('keeps a name of its own next to other models', () => {
    expect(modelSources(['starter', tinyFolder]).map(({ about }) => about)).toEqual([
      'answers questions about English texts',
      undefined,
    ])
    expect(modelSources([starter, `mine=${tinyFolder}`]).map(({ id }) => id)).toEqual(['starter', 'mine'])
  })

  it('is not exported to ONNX again by default, and cannot be trained', async () => {
    const out = join(temporaryFolder(), 'out')
    const exported = await runHere('export', '--to', 'onnx', '--output_dir', out)
    expect([exported.code, exported.stderr]).toEqual([2, expect.stringContaining('export: no model given')])
    const data = writeTinySquad(folder, 'train.json', 4)
    const trained = await runHere('train', '--model', 'starter', '--train_file', data, '--output_dir', out)
    expect([trained.code, trained.stderr]).toEqual([1, expect.stringContaining('found an ONNX export')])
  })
})

describe('without a starter model', () => {
  const place = join(import.meta.dirname, 'no-starter')
  beforeEach(() => void vi.stubEnv('SPANFORGE_STARTER', place))

  it.each([
    ['serve', []],
    ['answer', asked],
    ['export', ['--to', 'site', '--output_dir', 'site']],
  ])('%s says what to name instead', async (command, args) => {
    const { code, stdout, stderr } = await runHere(command, ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(
      `${command}: no model given, and this installation has no starter model (expected in ${place})\n  Name a model: `,
    )
  })

  it('the name and the pipeline do so too', async () => {
    const { code, stderr } = await runHere('answer', '--model', 'starter', ...asked)
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('starter: no such folder, and this installation has no'),
    ])
    await expect(pipeline('question-answering')).rejects.toThrow('pipeline: no model given, and this installation')
    await expect(resolveModel('starter')).rejects.toThrow('this installation has no starter model')
  })
})
