import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { Project, passageId, readProject } from '../src/annotate/project/project.ts'
import { resolveModel } from '../src/hub/download/models.ts'
import { Metrics } from '../src/server/models/metrics.ts'
import { readQuestionLog } from '../src/server/question-log/entries.ts'
import { QuestionLog } from '../src/server/question-log/question-log.ts'
import { newestWhole } from '../src/training/checkpoints/checkpoint-store.ts'
import { BERT, hubWorld } from './hub-world.ts'
import { runHere } from './run-here.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { checkpointBytes, tinyTraining } from './tiny-run.ts'
import { tinyService } from './tiny-service.ts'
import { tinyFolder } from './tiny-squad.ts'

const mount = (...args: string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0
const unmount = (folder: string) => spawnSync('umount', [folder], { stdio: 'ignore' })

/** Mounts a separate file system in a folder until the test ends. */
function fileSystem(options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  onTestFinished(() => {
    unmount(folder)
    rmSync(folder, { recursive: true })
  })
  expect(mount('-t', 'tmpfs', '-o', options, 'tmpfs', folder)).toBe(true)
  return folder
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
  const may = process.platform === 'linux' && mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder)
  if (may) unmount(folder)
  rmSync(folder, { recursive: true })
  return may
}

const may = mayMount()
afterAll(() => {
  if (!may) console.warn('SKIPPED: full and read-only disks: file systems cannot be mounted here, or not by this user')
})

describe.skipIf(!may)('An output folder', () => {
  test('of an export on a full disk fails clearly and leaves nothing behind', async () => {
    const disk = fileSystem('size=100k')
    const { code, stderr } = await runHere(
      ...['export', tinyFolder, '--to', 'onnx', '--output_dir', join(disk, 'exported'), '--runtime', 'node'],
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/model.onnx: cannot be written \(.*ENOSPC.*\n.*disk is full/)
    expect(readdirSync(disk)).toEqual([])
  })

  test('on a disk that fills up while saving fails clearly, keeps the last complete checkpoint, and can be resumed', async () => {
    const undisturbed = temporaryFolder()
    const settings = { save_steps: 2, max_steps: 8, report_to: 'none' } as const
    await runHere(...tinyTraining(undisturbed, settings))

    // A checkpoint has about 320 kB, so there is space for two.
    const disk = fileSystem('size=800k')
    const folder = temporaryFolder()
    const argv = tinyTraining(folder, { ...settings, output_dir: join(disk, 'out') })
    const full = await runHere(...argv)
    expect(full.code).toBe(1)
    expect(full.stderr).toMatch(/checkpoint-6.*: cannot be written \(.*ENOSPC/)
    expect(full.stderr).toMatch(/The last good checkpoint is .*checkpoint-4/)
    expect(readdirSync(join(disk, 'out')).filter((name) => name.startsWith('.'))).toEqual([])
    expect((await newestWhole(join(disk, 'out'))).skipped).toEqual([])

    expect(mount('-o', 'remount,size=8m', disk)).toBe(true)
    const resumed = await runHere(...argv, '--resume_from_checkpoint', 'latest')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(resumed.stdout).toMatch(/Resuming from .*checkpoint-4\./)
    expect(checkpointBytes(join(disk, 'out/checkpoint-8'))).toEqual(
      checkpointBytes(join(undisturbed, 'out/checkpoint-8')),
    )
  })

  test('that is read-only is rejected before the model is loaded', async () => {
    const disk = fileSystem('size=64k,ro')
    const { code, stderr } = await runHere(...tinyTraining(temporaryFolder(), { output_dir: join(disk, 'out') }))
    expect(code).toBe(1)
    expect(stderr).toMatch(/out: cannot be written \(EROFS.*\)\n.*The file system is read-only: write elsewhere/)
  })
})

describe.skipIf(!may)('A cache', () => {
  const world = hubWorld((server) => {
    server.add('model', 'ann/bert').commit(BERT)
  })
  const isNamed = (path: string) => /model\.safetensors$|\/blobs\/[0-9a-f]{64}$/.test(path)

  test('on a disk that fills up during the download fails clearly, leaves no incomplete file, and can be resumed', async () => {
    const cache = fileSystem('size=500k')
    const fill = () => writeFileSync(join(cache, 'filling'), Buffer.alloc(250_000))
    world.server.misbehave(/content/, { stallAfter: 100_000, onStall: fill })
    const options = { ...world.options, cache, timeout: 1000 }
    await expect(resolveModel('ann/bert', options)).rejects.toThrow(
      /the disk is full \(.*ENOSPC[\s\S]*spanforge cache prune[\s\S]*The partial download is kept and will be resumed/,
    )
    const names = () => readdirSync(cache, { recursive: true }).map(String)
    expect(names().filter(isNamed)).toEqual([])
    rmSync(join(cache, 'filling'))
    world.server.reset()
    const folder = await resolveModel('ann/bert', options)
    expect(readFileSync(join(folder, 'model.safetensors')).equals(BERT['model.safetensors'])).toBe(true)
    expect(world.downloads.at(-1)).toMatch(/^\/content\/HASH bytes=[1-9]\d*-$/)
  })

  test('on a disk that is too small or read-only fails before the download starts', async () => {
    const small = { ...world.options, cache: fileSystem('size=200k') }
    await expect(resolveModel('ann/bert', small)).rejects.toThrow(/: 300\.0 kB are required, .*kB are free/)
    expect(world.downloads.filter((url) => url.startsWith('/content/'))).toEqual([])
    const frozen = { ...world.options, cache: fileSystem('size=1m,ro') }
    await expect(resolveModel('ann/bert', frozen)).rejects.toThrow(
      /cannot be written \(E(ROFS|NOENT)[\s\S]*Set HF_HOME/,
    )
    expect(world.downloads.filter((url) => url.startsWith('/content/'))).toEqual([])
  })
})

test('An output folder inside a path that is a file is rejected', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), '')
  const { code, stderr } = await runHere(...tinyTraining(folder, { output_dir: join(folder, 'file/out') }))
  expect(code).toBe(1)
  expect(stderr).toMatch(/out: cannot be written \(ENOTDIR/)
})

test('A checkpoint with one corrupted byte is rejected with its name, the reason and a remedy', async () => {
  const folder = temporaryFolder()
  await runHere(...tinyTraining(folder, { save_steps: 1, max_steps: 2 }))
  for (const name of ['model.safetensors', 'trainer_state.json', 'progress.json']) {
    const path = join(folder, 'out/checkpoint-2', name)
    const bytes = readFileSync(path)
    const corrupted = Buffer.from(bytes)
    corrupted[bytes.length >> 1] ^= 1
    writeFileSync(path, corrupted)
    const resume = { max_steps: 2, resume_from_checkpoint: 'checkpoint-2' }
    const { code, stderr } = await runHere(...tinyTraining(folder, resume))
    expect(code).toBe(1)
    expect(stderr).toContain(`checkpoint-2: the checkpoint is incomplete: ${name} is corrupted`)
    expect(stderr).toContain('--resume_from_checkpoint latest')
    writeFileSync(path, bytes)
  }
})

describe.skipIf(!may)('A question log', () => {
  test('on a disk that fills up keeps whole lines, and answers go on', async () => {
    const disk = fileSystem('size=64k')
    const path = join(disk, 'questions.jsonl')
    const messages: string[] = []
    const log = pino({}, { write: (line: string) => messages.push(JSON.parse(line).msg) })
    const metrics = new Metrics()
    const questionLog = await QuestionLog.open({ path, below: 1, maxBytes: 2 ** 30, log, metrics })
    const service = await tinyService({ questionLog })
    onTestFinished(async () => {
      await service.close()
      await questionLog.close()
    })
    const ask = async (context: string) => {
      const payload = { question: 'who is in ro?', context }
      return (await service.app.inject({ method: 'POST', url: '/api/answer', payload })).statusCode
    }
    const keptQuestions = async () => {
      let count = 0
      for await (const { item } of readQuestionLog(path)) count += Number('type' in item && item.type === 'question')
      return count
    }
    for (let i = 0; i < 12; i++) expect(await ask(`bo is in ro ${i}. ${'li was in the sea. '.repeat(500)}`)).toBe(200)
    const before = await keptQuestions()
    expect(before).toBeGreaterThan(2)
    expect(before).toBeLessThan(12)
    expect(messages).toEqual(['cannot keep questions; answers are not affected'])
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true)

    expect(mount('-o', 'remount,size=1m', disk)).toBe(true)
    expect(await ask('bo is in ro.')).toBe(200)
    expect(messages.at(-1)).toBe('questions are kept again')
    expect(await keptQuestions()).toBe(before + 1)
  })
})

describe.skipIf(!may)('An annotation project', () => {
  test('on a disk that fills up keeps all that was stored, and goes on once there is room', async () => {
    const disk = fileSystem('size=64k')
    const folder = join(disk, 'project')
    const project = await Project.open(folder)
    onTestFinished(() => project.close())
    const add = async (i: number) => {
      const text = `Passage ${i}. ${'word '.repeat(2000 + i)}`
      const passages = [{ id: passageId(text), text }]
      await project.append([{ type: 'document', name: `${i}.txt`, digest: `${i}`, passages }])
    }
    let stored = 0
    const fill = async () => {
      for (; ; stored++) await add(stored)
    }
    await expect(fill()).rejects.toThrow(/journal\.jsonl: cannot be written \(.*ENOSPC/)
    expect(stored).toBeGreaterThan(2)
    expect(project.state.documents.size).toBe(stored)
    expect((await readProject(folder)).documents.size).toBe(stored)

    expect(mount('-o', 'remount,size=1m', disk)).toBe(true)
    await add(stored)
    expect((await readProject(folder)).documents.size).toBe(stored + 1)
  })
})
