/** Malformed files and requests take little more time than valid ones and produce only short messages. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { readPastRun } from '../src/dashboard/past-run.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { writeExamples } from '../src/data/write-examples.ts'
import { SpanforgeError } from '../src/errors.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import { readConfigurationFile } from '../src/runs/train/arguments-file.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'
import { sweepSpace, trialsOf } from '../src/training/arguments/sweep-space.ts'
import { fixture } from './fixture.ts'
import { absurd, Dice, falseLengths, malformed, malformedHeader } from './malformed.ts'
import { evaluateRecord, startRecord, stepsRecord } from './run-records.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thoroughOr } from './thorough.ts'
import { type TinyService, tinyService } from './tiny-service.ts'
import { tinyExamples } from './tiny-squad.ts'

const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt']

const SEED = 17
const MAX_MESSAGE_BYTES = 4096
const MORE_MILLISECONDS = 1000

/** Number of cases per kind; more than 1,000 in total in thorough runs. */
const CASES = thoroughOr(250, 15)
const cases = Array.from({ length: CASES }, (_, index) => index)

/** Counts rejections, to detect a generator that creates valid files. */
const rejected = new Map<string, number>()
const countRejection = (kind: string): void => void rejected.set(kind, (rejected.get(kind) ?? 0) + 1)

/** CPU time, which does not depend on other processes. */
async function timed<T>(work: () => Promise<T>): Promise<{ result: T; milliseconds: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, milliseconds: (user + system) / 1000 }
}

/**
 * Requires that `read` succeeds or fails with an expected error and a short message, in little more than the `usual`
 * time.
 */
async function expectBounded(kind: string, read: () => Promise<unknown>, usual: number): Promise<void> {
  const { result: error, milliseconds } = await timed(() =>
    read().then(
      () => undefined,
      (error) => error,
    ),
  )
  if (error !== undefined && !(error instanceof SpanforgeError)) throw error
  if (error !== undefined) countRejection(kind)
  expect(Buffer.byteLength(error?.message ?? '')).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
  expect(milliseconds).toBeLessThan(usual + MORE_MILLISECONDS)
}

const KINDS = ['models', 'sizes', 'data', 'arrow', 'runs', 'journals', 'configurations', 'requests']

describe(`${KINDS.length * CASES} malformed files and requests`, { timeout: 30_000 }, () => {
  describe('model folders', () => {
    const models = ['safetensors', 'bin-zip', 'bin-legacy', 'safetensors-sharded'].map((name) =>
      fixture(`tiny/b1/${name}`),
    )
    const load = async (folder: string) => {
      await loadTokenizer(folder)
      await loadPretrained(folder)
    }
    let usual: number
    beforeAll(async () => {
      await loadPretrained(models[0])
      usual = (await timed(() => load(models[0]))).milliseconds
    })

    it.each(cases)('model %i', async (index) => {
      const dice = new Dice(SEED, index)
      const folder = temporaryFolder()
      for (const name of TOKENIZER) cpSync(join(models[0], name), join(folder, name))
      cpSync(dice.of(models), folder, { recursive: true })
      const file = dice.of(readdirSync(folder))
      const content = readFileSync(join(folder, file))
      const isHeader = file.endsWith('.safetensors') && dice.below(3) > 0
      writeFileSync(
        join(folder, file),
        isHeader ? malformedHeader(content, dice) : malformed(content, file.endsWith('.json'), dice),
      )
      await expectBounded('models', () => load(folder), usual)
    })

    it.each(cases)('model with absurd sizes %i', async (index) => {
      const dice = new Dice(SEED + 4, index)
      const folder = temporaryFolder()
      cpSync(models[0], folder, { recursive: true })
      const path = join(folder, dice.of(['config.json', 'tokenizer.json', 'tokenizer_config.json']))
      writeFileSync(path, absurd(readFileSync(path), dice))
      await expectBounded('sizes', () => load(folder), usual)
    })
  })

  describe('data files', () => {
    const names = ['train.json', 'train.jsonl', 'train.csv', 'train.parquet']
    const good = new Map<string, Buffer>()
    let usual = 0
    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spanforge-malformed-'))
      for (const name of names) {
        await writeExamples(join(folder, name), tinyExamples(50))
        good.set(name, readFileSync(join(folder, name)))
        usual = Math.max(usual, (await timed(() => readExamples(join(folder, name)))).milliseconds)
      }
      rmSync(folder, { recursive: true })
    })

    it.each(cases)('data file %i', async (index) => {
      const dice = new Dice(SEED + 1, index)
      const name = dice.of(names)
      const path = join(temporaryFolder(), name)
      writeFileSync(path, malformed(good.get(name)!, name.startsWith('train.json'), dice))
      await expectBounded('data', () => readExamples(path), usual)
    })

    it.each(cases)('Arrow file with false lengths %i', async (index) => {
      const dice = new Dice(SEED + 5, index)
      const name = dice.of(['plain.arrow', 'large/data-00000-of-00001.arrow', 'shards/data-00000-of-00002.arrow'])
      const path = join(temporaryFolder(), 'a.arrow')
      writeFileSync(path, falseLengths(readFileSync(fixture(`saved-datasets/${name}`)), dice))
      await expectBounded('arrow', () => readExamples(path), usual)
    })
  })

  describe('run folders', () => {
    const files: Readonly<Record<string, string>> = {
      'training_args.json': JSON.stringify({ seed: 1, learning_rate: 3e-5, output_dir: 'out' }, null, 2),
      'trainer_state.json': JSON.stringify({
        global_step: 2,
        max_steps: 2,
        log_history: [{ step: 1, epoch: 1, loss: 2 }],
      }),
      'log.jsonl': '{"step": 1, "epoch": 0.5, "loss": 3}\n{"step": 2, "epoch": 1, "loss": 2}\n',
      'all_results.json': '{"eval_f1": 50}',
      'dashboard.jsonl': '{"type": "note", "at": 1, "text": "a"}\n{"type": "status", "at": 2, "status": "finished"}\n',
    }

    const journal = [startRecord(), stepsRecord(1, 6), evaluateRecord(6, true), startRecord(6), stepsRecord(7, 12)]

    it.each(cases)('journal %i', async (index) => {
      const dice = new Dice(SEED + 6, index)
      const folder = temporaryFolder()
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      const lines = journal.map((record): Buffer => Buffer.from(JSON.stringify(record)))
      const line = dice.below(lines.length)
      lines[line] = dice.below(2) ? absurd(lines[line], dice) : malformed(lines[line], true, dice)
      writeFileSync(join(folder, 'dashboard.jsonl'), lines.map((text) => `${text}\n`).join(''))
      await expectBounded('journals', () => expectReadable(folder, 'journals'), 0)
    })

    async function expectReadable(folder: string, kind: string): Promise<void> {
      const { problems } = await readPastRun(folder)
      if (problems.length > 0) countRejection(kind)
      for (const problem of problems) expect(Buffer.byteLength(problem)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
    }

    it.each(cases)('run folder %i', async (index) => {
      const dice = new Dice(SEED + 2, index)
      const folder = temporaryFolder()
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      const name = dice.of(Object.keys(files))
      writeFileSync(join(folder, name), malformed(Buffer.from(files[name]), true, dice))
      await expectBounded('runs', () => expectReadable(folder, 'runs'), 0)
    })
  })

  describe('files of arguments and sweeps', () => {
    const files: Readonly<Record<string, string>> = {
      'arguments.json': '{"seed": 1, "learning_rate": 3e-5, "lr_scheduler_kwargs": {"num_cycles": 2}}',
      'arguments.yaml': 'seed: 1\nlearning_rate: 3e-5\nlr_scheduler_kwargs:\n  num_cycles: 2\n',
      'sweep.json': '{"grid": {"seed": [1, 2]}, "range": {"learning_rate": "1e-5..1e-4"}, "random": 3}',
    }

    async function read(path: string): Promise<void> {
      const { values } = await readConfigurationFile(path)
      if (path.endsWith('sweep.json')) trialsOf(sweepSpace({}, values), 1)
      else parseArguments(values, path)
    }

    it.each(cases)('configuration %i', async (index) => {
      const dice = new Dice(SEED + 7, index)
      const name = dice.of(Object.keys(files))
      const path = join(temporaryFolder(), name)
      const good = Buffer.from(files[name])
      writeFileSync(path, dice.below(2) ? absurd(good, dice) : malformed(good, name.endsWith('.json'), dice))
      await expectBounded('configurations', () => read(path), 0)
    })
  })

  describe('requests', () => {
    let service: TinyService
    let usual: number
    const question = 'who is in ro?'
    const context = 'bo is in ro.'
    const bodies: Readonly<Record<string, object>> = {
      '/api/answer': { question, context, top_k: 2, max_seq_len: 32, doc_stride: 8 },
      '/api/batch': {
        questions: [question, 'who was?'],
        contexts: [context, 'una was sea.'],
        handle_impossible_answer: true,
      },
      '/api/stream': { inputs: [{ question, context }] },
      '/': { inputs: { question, context }, parameters: { top_k: 2, max_answer_len: 5 } },
    }
    const post = (url: string, payload: Buffer | string) =>
      service.app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
    beforeAll(async () => {
      service = await tinyService()
      const each = async () => {
        for (const [url, body] of Object.entries(bodies)) await post(url, JSON.stringify(body))
      }
      await each()
      usual = (await timed(each)).milliseconds
    })
    afterAll(() => service.close())

    it.each(cases)('request %i', async (index) => {
      const dice = new Dice(SEED + 3, index)
      const url = dice.of(Object.keys(bodies))
      const body = malformed(Buffer.from(JSON.stringify(bodies[url])), true, dice)
      const { result, milliseconds } = await timed(() => post(url, body))
      expect(result.statusCode, result.body.slice(0, 500)).toBeLessThan(500)
      if (result.statusCode !== 200) countRejection('requests')
      if (result.statusCode !== 200) expect(Buffer.byteLength(result.body)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
      expect(milliseconds).toBeLessThan(usual + MORE_MILLISECONDS)
    })
  })

  it('are actually malformed: more than a fifth of each kind are rejected', () => {
    for (const kind of KINDS) expect(rejected.get(kind), kind).toBeGreaterThan(CASES / 5)
  })
})
