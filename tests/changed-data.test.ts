import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { AutoModelForQuestionAnswering } from '../src/api/model.ts'
import { AutoTokenizer } from '../src/api/tokenizer.ts'
import { Trainer, TrainingArguments } from '../src/api/trainer.ts'
import { writeExamples } from '../src/data/write-examples.ts'
import { predict } from '../src/runs/predict/predict.ts'
import { noScreen } from '../src/runs/screen/screen.ts'
import { runSweep } from '../src/runs/sweep/sweep.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { toSquadJson } from '../src/squad/reading/squad-json.ts'
import type { Example } from '../src/squad/types.ts'
import { rewriteProgress } from './rewrite-progress.ts'
import { runHere } from './run-here.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thoroughOr } from './thorough.ts'
import { type Flags, tinyTraining } from './tiny-run.ts'
import { tinyExamples, tinyFolder } from './tiny-squad.ts'

// Complete runs take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

let folder: string
let model: string
const at = (...path: string[]) => join(folder, ...path)
beforeEach(() => {
  folder = temporaryFolder()
  model = at('model')
  cpSync(tinyFolder, model, { recursive: true })
})

/** The questions, with one of them worded differently. */
const changed = (examples: readonly Example[]): Example[] =>
  examples.map((example, i) => (i === 2 ? { ...example, question: 'who was in ro?' } : example))

/** Swaps two tokens of the vocabulary. */
function swapTokens(one = 'who', other = 'in'): void {
  const tokenizer = JSON.parse(readFileSync(join(model, 'tokenizer.json'), 'utf8'))
  const { vocab } = tokenizer.model
  ;[vocab[one], vocab[other]] = [vocab[other], vocab[one]]
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(tokenizer))
  const lines = readFileSync(join(model, 'vocab.txt'), 'utf8').split('\n')
  const [first, second] = [lines.indexOf(one), lines.indexOf(other)]
  ;[lines[first], lines[second]] = [other, one]
  writeFileSync(join(model, 'vocab.txt'), lines.join('\n'))
}

/** The windows of the run stay the same, but the saved model would read other texts wrongly. */
const swapUnusedTokens = () => swapTokens('what', 'new')

function changeConfig(): void {
  const path = join(model, 'config.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), hidden_act: 'relu' }))
}

async function changeWeights(): Promise<void> {
  const loaded = await AutoModelForQuestionAnswering.from_pretrained(model)
  loaded.parameters.data[5] += 1
  await loaded.save_pretrained(model)
}

type Change = [what: string, change: () => unknown, expected: string]

/** All changes in a thorough run, otherwise the first `usually` of them. */
const eachOf = (usually: number, changes: Change[]) => test.each(thoroughOr(changes, changes.slice(0, usually)))

describe('A run can only be resumed with its original data, tokenizer and configuration', () => {
  const flags = (): Flags => ({ model, save_steps: 2, max_steps: 4 })
  let argv: string[]
  beforeEach(async () => {
    argv = tinyTraining(folder, flags())
    const begun = await runHere(...argv, '--max_steps', '2', '--lr_scheduler_type', 'constant')
    expect(begun.code, begun.stderr).toBe(0)
  })
  const resume = (...more: string[]) =>
    runHere(...argv, '--lr_scheduler_type', 'constant', '--resume_from_checkpoint', 'latest', ...more)

  eachOf(3, [
    [
      'training questions',
      () => writeFileSync(at('train.json'), toSquadJson(changed(tinyExamples(24)))),
      'the training questions (',
    ],
    [
      'validation questions',
      () => writeFileSync(at('dev.json'), toSquadJson(changed(tinyExamples(8, 100)))),
      'the validation questions (',
    ],
    ['tokens in a tokenizer that no question has', swapUnusedTokens, 'the tokenizer ('],
    ['tokens in a tokenizer', swapTokens, 'the tokenizer ('],
    ['configuration', changeConfig, 'the configuration of the base model ('],
  ])('rejects other %s', async (_, change, expected) => {
    await change()
    const before = readFileSync(at('out/training_args.json'), 'utf8')
    const { code, stdout, stderr } = await resume('--weight_decay', '0.5')
    expect(code).toBe(1)
    expect(stderr).toContain(
      `checkpoint-2: cannot resume, because the following has changed since the run began: ${expected}`,
    )
    expect(stderr).toContain('--overwrite_output_dir')
    expect(stdout).not.toContain('Going on')
    expect(readFileSync(at('out/training_args.json'), 'utf8')).toBe(before)
  })

  test('accepts the same questions in another layout, and other weights of the base model', async () => {
    writeFileSync(at('train.json'), JSON.stringify(JSON.parse(toSquadJson(tinyExamples(24))), null, 2))
    await changeWeights()
    const { code, stdout, stderr } = await resume()
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/Changed since the run began: the weights of the base model \(.*\)\. The run continues with/)
  })

  test('accepts other data that is given explicitly, with a note', async () => {
    writeFileSync(at('other.json'), toSquadJson(changed(tinyExamples(24))))
    const { code, stdout, stderr } = await resume('--train_file', at('other.json'))
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/with changed arguments.*train_file/)
  })

  test('a checkpoint without digests is resumed with a note', async () => {
    const { folder: checkpoint, rewrite } = withoutDigests(at('out/checkpoint-2'))
    await rewrite()
    const { code, stdout, stderr } = await resume()
    expect(code, stderr).toBe(0)
    expect(stdout).toContain(`${checkpoint} was written by spanforge 0.1.0, which stored no digests`)
  })
})

/** Removes the digests from a checkpoint, because those of version 0.1.0 have none. */
function withoutDigests(checkpoint: string) {
  return {
    folder: checkpoint,
    rewrite: () =>
      rewriteProgress(checkpoint, ({ digests, ...progress }) => {
        expect(Object.keys(digests as object)).toContain('train_questions')
        return progress
      }),
  }
}

test('the Trainer only resumes with its original data', async () => {
  const lengths = { max_seq_length: 48, doc_stride: 8 }
  const tokenizer = await AutoTokenizer.from_pretrained(model)
  const trainer = async (examples: readonly Example[], max_steps: number) =>
    new Trainer({
      model: await AutoModelForQuestionAnswering.from_pretrained(model),
      args: new TrainingArguments({ output_dir: at('out'), max_steps, ...lengths }),
      train_dataset: createDataset(tokenizer, examples, lengths),
      processing_class: tokenizer,
    })
  await (await trainer(tinyExamples(24), 2)).train()
  const other = (await trainer(changed(tinyExamples(24)), 4)).train({ resume_from_checkpoint: true })
  await expect(other).rejects.toThrow('the following has changed since the run began: the training questions')
  const same = await trainer(tinyExamples(24), 4)
  expect((await same.train({ resume_from_checkpoint: true })).global_step).toBe(4)
})

describe('A sweep compares only runs with the same data and base model', () => {
  const given = () => {
    const files = { train_file: at('train.json'), validation_file: at('dev.json') }
    writeFileSync(files.train_file, toSquadJson(tinyExamples(24)))
    writeFileSync(files.validation_file, toSquadJson(tinyExamples(8, 100)))
    return { model, ...files, output_dir: at('sweep'), max_seq_length: 48, doc_stride: 8, max_steps: 2 }
  }
  const changeDev = () => writeFileSync(at('dev.json'), toSquadJson(changed(tinyExamples(8, 100))))
  const trials = [{ seed: 1 }, { seed: 2 }]

  eachOf(1, [
    ['validation questions', changeDev, 'the validation questions'],
    ['weights of the base model', changeWeights, 'the weights of the base model'],
    ['tokenizer', swapUnusedTokens, 'the tokenizer'],
  ])('rejects %s that differ from those of finished runs', async (_, change, expected) => {
    const args = given()
    await runSweep(args, trials.slice(0, 1))
    const table = readFileSync(at('sweep/sweep.json'), 'utf8')
    await change()
    await expect(runSweep(args, trials)).rejects.toThrow(`cannot be compared: ${expected}`)
    expect(readFileSync(at('sweep/sweep.json'), 'utf8')).toBe(table)
    const again = await runSweep({ ...args, overwrite_output_dir: true }, trials)
    expect(again.sweep.trials.map(({ status }) => status)).toEqual(['finished', 'finished'])
  })

  test('rejects data that changes during the sweep', async () => {
    const args = given()
    const sweep = runSweep(args, trials, { listeners: [({ type }) => void (type === 'end' && changeDev())] })
    await expect(sweep).rejects.toThrow('since the first run of this sweep')
    const { trials: done } = JSON.parse(readFileSync(at('sweep/sweep.json'), 'utf8'))
    expect(done.map(({ status }: { status: string }) => status)).toEqual(['finished', 'not run yet'])
  })
})

describe('An unfinished prediction can only be resumed with its original questions, tokenizer and model', () => {
  const questions = tinyExamples(600)
  const answer = (input = at('questions.jsonl'), signal?: AbortSignal, update = (_done: number) => {}) => {
    const screen = {
      ...noScreen,
      counting: () => ({ ...noScreen.counting('', '', 0), update }),
      print: (text: string) => void said.push(text),
    }
    return predict({ model, input, output: at('answers.jsonl'), max_seq_len: 48, screen, signal })
  }
  let said: string[] = []
  beforeEach(async () => {
    said = []
    await writeExamples(at('questions.jsonl'), questions)
    const controller = new AbortController()
    const stop = (done: number) => void (done > 512 && controller.abort())
    await expect(answer(undefined, controller.signal, stop)).rejects.toThrow()
    expect(JSON.parse(readFileSync(at('answers.jsonl.partial.json'), 'utf8'))).toMatchObject({ questions: 512 })
  })

  eachOf(2, [
    ['questions', () => writeExamples(at('questions.jsonl'), changed(questions), { overwrite: true }), 'the questions'],
    ['tokenizer', swapTokens, 'the tokenizer'],
    ['configuration', changeConfig, "the model's configuration"],
    ['weights', changeWeights, "the model's weights"],
  ])('rejects other %s', async (_, change, expected) => {
    await change()
    const resumed = answer()
    await expect(resumed).rejects.toThrow(`this has changed since it was started: ${expected}`)
    await expect(resumed).rejects.toThrow('--overwrite')
  })

  test('accepts the same questions in another file and format', async () => {
    await writeExamples(at('moved.csv'), questions)
    expect(await answer(at('moved.csv'))).toMatchObject({ questions: 600, resumed_from: 512 })
  })

  test('resumes without digests, with a note', async () => {
    const path = at('answers.jsonl.partial.json')
    const { digests, ...state } = JSON.parse(readFileSync(path, 'utf8'))
    expect(Object.keys(digests)).toEqual(['questions', 'tokenizer', 'config'])
    writeFileSync(path, JSON.stringify(state))
    expect(await answer()).toMatchObject({ resumed_from: 512 })
    expect(said.join()).toContain('started by spanforge 0.1.0, which stored no digests')
  })
})
