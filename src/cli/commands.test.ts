import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { flags } from '../../tests/cli.ts'
import { fixture } from '../../tests/fixture.ts'
import { runHere } from '../../tests/run-here.ts'
import { describeShared, shared } from '../../tests/shared.ts'
import { readJson } from '../../tests/squad-reference.ts'
import { storedConfidence } from '../../tests/stored-confidence.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { tinyFolder, writeTinySquad } from '../../tests/tiny-squad.ts'
import { pipeline } from '../api/pipeline.ts'
import { saveAnswerSettings } from '../checkpoint/answer-settings.ts'

// Full runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

const json = async (...argv: string[]) => {
  const { code, stdout, stderr } = await runHere(...argv, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}
const windowFlags = ['--max_seq_length', '48', '--doc_stride', '8']

describe('spanforge inspect', () => {
  test('counts the parameters of bert-base-uncased with a question-answering head from config.json alone', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'config.json'), '{"model_type": "bert"}')
    expect(await json('inspect', folder)).toMatchObject({ parameters: 108893186, layers: 12, missing: [], files: [] })
  })

  test('lists missing and unexpected tensors of a pretrained checkpoint', async () => {
    const folder = fixture('tiny/b2/encoder-only')
    const reference = readJson<Record<string, { missing_keys: string[]; unexpected_keys: string[] }>>(
      fixture('tiny/b2/loading-report.json'),
    )['encoder-only']
    const found = await json('inspect', folder)
    expect(found.missing).toEqual(reference.missing_keys)
    expect(found.unexpected).toEqual(reference.unexpected_keys)
  })

  test('rejects quantized weights', async () => {
    const folder = temporaryFolder()
    cpSync(fixture('tiny/b1/safetensors'), folder, { recursive: true })
    const path = join(folder, 'model.safetensors')
    const content = readFileSync(path).toString('latin1')
    const [entry] = /"bert.embeddings.word_embeddings.weight":\{"dtype":"F32"/.exec(content)!
    writeFileSync(path, content.replace(entry, entry.replace('F32', 'I32')), 'latin1')
    const { code, stderr } = await runHere('inspect', folder)
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('word_embeddings.weight: found dtype I32, expected F32'),
    ])
  })

  test('shows the architecture layer by layer', async () => {
    const { code, stdout } = await runHere('inspect', tinyFolder)
    expect(code).toBe(0)
    expect(stdout).toMatch(/bert\.encoder\.layer\.\{0-1\}\.attention\.self\.query\.weight +32 x 32 +2 +2,048/)
    expect(stdout).toMatch(/Parameters +23,426/)
  })
})

describe('spanforge data windows', () => {
  test('counts questions, windows and tokens', async () => {
    const file = writeTinySquad(temporaryFolder(), 'dev.json', 8)
    const found = await json('data', 'windows', file, '--model', tinyFolder, ...windowFlags)
    expect(found).toMatchObject({ questions: 8, windows: 8 })
    expect(found.labels_sha256).toMatch(/^[0-9a-f]{64}$/)
  })
})

describeShared('spanforge data windows on the first 3,000 questions of the notebook', () => {
  test('prints the counts and digests recorded with transformers', async () => {
    const all = readJson<Record<string, Record<string, unknown>>>(shared('reference/tokenizer/totals-384-128.json'))
    const { labels_sha256, ...recorded } = all['squad-train-articles.json (first 3000 questions)']
    const { covering } = labels_sha256 as { covering: string }
    const [file, model] = [shared('data/squad-train-articles.json'), shared('models/minilm-l6-h384')]
    const found = await json('data', 'windows', file, '--model', model, '--max_samples', '3000')
    expect({ ...recorded, ...found }).toEqual({ ...recorded, labels_sha256: covering })
    expect(found.windows).toBe(3074)
  })
})

describe('spanforge evaluate', () => {
  test('prints loss, exact match and F1 as JSON and nothing else to standard output', async () => {
    const file = writeTinySquad(temporaryFolder(), 'dev.json', 8)
    const found = await json('evaluate', '--model', tinyFolder, '--data', file, ...windowFlags)
    expect(found).toMatchObject({ examples: 8, windows: 8 })
    // The loss of a random model is close to that of a random guess among about 26 positions, ln 26 = 3.3.
    expect(found.eval_loss).toBeGreaterThan(2.5)
    expect(found.eval_loss).toBeLessThan(5)
    for (const name of ['exact_match', 'f1', 'samples_per_second']) expect(found[name]).toBeGreaterThanOrEqual(0)
  })

  test('prints the same metrics for any batch size', async () => {
    const file = writeTinySquad(temporaryFolder(), 'dev.json', 8)
    const argv = ['evaluate', '--model', tinyFolder, '--data', file, ...windowFlags, '--padding', 'max_length']
    const [one, eight] = [await json(...argv, '--batch_size', '1'), await json(...argv, '--batch_size', '8')]
    // Summing float32 in a different order changes the rounding.
    expect(Math.abs(one.eval_loss - eight.eval_loss)).toBeLessThan(1e-6)
  })

  test('warns that a newly initialized head must be trained', async () => {
    const folder = temporaryFolder()
    cpSync(tinyFolder, folder, { recursive: true })
    cpSync(fixture('tiny/b2/encoder-only/model.safetensors'), join(folder, 'model.safetensors'))
    const file = writeTinySquad(folder, 'dev.json', 4)
    const { code, stdout } = await runHere('evaluate', '--model', folder, '--data', file, ...windowFlags)
    expect(code).toBe(0)
    expect(stdout).toContain('are newly initialized: qa_outputs.bias, qa_outputs.weight')
    expect(stdout).toContain('You should probably TRAIN this model')
  })
})

describe('spanforge answer', () => {
  const context = 'li is in ro. una was in ka, and bo was new in sea.'
  const ask = ['answer', '--model', tinyFolder, '--question', 'who is in ro?']

  test('prints answer, score, start and end, and the context has the answer at that position', async () => {
    const file = join(temporaryFolder(), 'context.txt')
    writeFileSync(file, context)
    const found = await json(...ask, '--context_file', file)
    expect(Object.keys(found)).toEqual(['answer', 'score', 'start', 'end'])
    expect(context.slice(found.start, found.end)).toBe(found.answer)
    expect(found.score).toBeGreaterThan(0)
    expect(found.score).toBeLessThanOrEqual(1)
  })

  test('prints several answers, best first', async () => {
    const { answer, score, answers } = await json(...ask, '--context', context, '--top_k', '3')
    expect(answers).toHaveLength(3)
    expect(answers[0]).toMatchObject({ answer, score })
    expect(answers[0].score).toBeGreaterThanOrEqual(answers[1].score)
  })

  test('supports a context of more than 100 windows', async () => {
    const long = `${context} `.repeat(100)
    const windows = ['--max_seq_length', '32', '--doc_stride', '8']
    const { answer, start, end } = await json(...ask, '--context', long, ...windows)
    expect(long.slice(start, end)).toBe(answer)
  })

  test('searches several documents for several questions and names the document of each answer', async () => {
    const folder = temporaryFolder()
    const files = ['a.txt', 'b.txt'].map((name) => join(folder, name))
    const contexts = [context, 'eve is in oz.']
    for (const [i, file] of files.entries()) writeFileSync(file, contexts[i])
    const documents = files.flatMap((file) => ['--context_file', file])
    const found = await json(...ask, '--question', 'who is in oz?', ...documents, '--top_k', '40')
    expect(found.map(({ question }: { question: string }) => question)).toEqual(['who is in ro?', 'who is in oz?'])
    for (const { answers } of found) {
      expect(new Set(answers.map(({ document }: { document: string }) => document))).toEqual(new Set(files))
      for (const { answer, document, start, end } of answers)
        expect(contexts[files.indexOf(document)].slice(start, end)).toBe(answer)
    }
    const { code, stdout } = await runHere(...ask, '--question', 'who is in oz?', ...documents)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^who is in ro\?\nAnswer .*Document\n/)
  })

  test('prints the answers and scores of the Python pipeline, with all its options', async () => {
    const options = { top_k: 3, max_answer_len: 4, max_seq_len: 32, doc_stride: 6, max_question_len: 3, batch_size: 2 }
    const pipe = await pipeline('question-answering', tinyFolder)
    const input = { question: 'who is in ro?', context }
    const argv = [...ask, '--context', context, '--postprocess', 'pipeline', ...flags(options)]
    const more = { handle_impossible_answer: true, align_to_words: false }
    expect((await json(...argv)).answers).toEqual(await pipe(input, options))
    expect((await json(...argv, '--handle_impossible_answer', '--no-align_to_words')).answers).toEqual(
      await pipe(input, { ...options, ...more }),
    )
    await pipe.dispose()
  })

  test('uses the threshold and confidence stored with the model', async () => {
    const folder = temporaryFolder()
    cpSync(tinyFolder, folder, { recursive: true })
    const settings = { max_answer_length: 5, max_seq_length: 48, doc_stride: 8, fitted_on: { data: 'd', questions: 9 } }
    const store = (null_score_diff_threshold: number) =>
      saveAnswerSettings(folder, {
        version_2_with_negative: true,
        confidence: storedConfidence,
        null_score_diff_threshold,
        ...settings,
      })
    const stored = ['answer', '--model', folder, '--question', 'who is in ro?', '--context', context]
    await store(-100)
    const unanswered = await json(...stored)
    expect(unanswered).toMatchObject({ answer: '', start: 0, end: 0 })
    const asPython = ['--postprocess', 'pipeline', '--handle_impossible_answer']
    expect((await json(...stored, ...asPython)).answer).toBe('')
    await store(100)
    expect((await json(...stored, ...asPython)).answer).not.toBe('')
    const { answer, score, confidence, null_odds } = await json(...stored)
    expect(answer).not.toBe('')
    expect(null_odds).toBe(unanswered.null_odds)
    expect(confidence).toBeGreaterThan(score)
    expect(await json(...stored, '--no-handle_impossible_answer')).not.toHaveProperty('null_odds')
    expect((await runHere(...stored)).stdout).toMatch(/Answer +Probability +Confidence +Characters/)
  })

  test('requires exactly one of --context and --context_file', async () => {
    expect(await runHere(...ask)).toMatchObject({ code: 2 })
    expect(await runHere(...ask, '--context', context, '--context_file', '-')).toMatchObject({ code: 2 })
  })
})

describe('the command line', () => {
  test('shows help with examples', async () => {
    const { code, stdout } = await runHere('--help')
    expect(code).toBe(0)
    expect(stdout).toContain('spanforge answer --model out')
    expect((await runHere('train', '--help')).stdout).toContain('--per_device_train_batch_size <integer>')
  })

  test('suggests the intended flag and exits with 2', async () => {
    const { code, stderr } = await runHere('train', '--lerning_rate', '1')
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean --learning_rate?')
  })

  test('lists all missing required options', async () => {
    const { code, stderr } = await runHere('data', 'split', 'all.json')
    expect(code).toBe(2)
    expect(stderr).toContain(
      "error: required options '--train <file>', '--validation <file>' not specified\n(use --help",
    )
    const { stderr: one } = await runHere('answer', '--model', 'm')
    expect(one).toContain("error: required option '--question <text>' not specified\n")
  })

  test('exits with 2 for a missing data file or model folder', async () => {
    for (const args of [
      ['data', 'check', 'nowhere.json'],
      ['inspect', './nowhere'],
    ]) {
      const { code, stderr } = await runHere(...args)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/nowhere(\.json)?: (there is )?no such f/)])
    }
  })

  test('explains which flags of transformers have no equivalent', async () => {
    const { code, stderr } = await runHere('train', '--do_train')
    expect(code).toBe(2)
    expect(stderr).toContain("unknown option '--do_train': use the commands train, evaluate and answer instead")
  })
})
