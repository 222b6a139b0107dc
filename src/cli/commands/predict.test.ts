import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { flags } from '../../../tests/cli.ts'
import { runHere } from '../../../tests/run-here.ts'
import { readJson } from '../../../tests/squad-reference.ts'
import { storedConfidence } from '../../../tests/stored-confidence.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { tinyExamples, tinyFolder } from '../../../tests/tiny-squad.ts'
import { saveAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { readExamples } from '../../data/read-examples.ts'
import { writeExamples } from '../../data/write-examples.ts'
import { predict as runPredict } from '../../runs/predict/predict.ts'
import { noScreen } from '../../runs/screen/screen.ts'
import { BlockJournal } from '../../runs/shards/block-journal.ts'
import type { Example } from '../../squad/types.ts'

// Model runs take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

interface Line {
  readonly id: string
  readonly answer: string
  readonly score: number
  readonly start: number
  readonly end: number
  readonly answer_start?: number
  readonly error?: string
}

const examples: Example[] = tinyExamples(20).map((example, i) =>
  i % 5 ? example : { ...example, context: `😀 ${example.context}`, answers: [] },
)
let folder: string
let input: string
beforeEach(async () => {
  folder = temporaryFolder()
  input = join(folder, 'questions.jsonl')
  await writeExamples(input, examples)
})
const path = (name: string) => join(folder, name)
const predict = (from: string, to: string, more: readonly string[] = []) =>
  runHere('predict', '--model', tinyFolder, '--input', from, '--output', to, '--max_seq_len', '48', ...more)
async function linesOf(from: string, more: readonly string[] = []): Promise<Line[]> {
  const { code, stderr } = await predict(from, path('answers.jsonl'), ['--overwrite', ...more])
  expect(code, stderr).toBe(0)
  const lines = readFileSync(path('answers.jsonl'), 'utf8').split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line))
}

test('writes one line per question, in order, with positions in UTF-16 units and in code points', async () => {
  const lines = await linesOf(input)
  expect(lines.map(({ id }) => id)).toEqual(examples.map(({ id }) => id))
  for (const [i, { answer, start, end, answer_start, score }] of lines.entries()) {
    const { context } = examples[i]
    expect(context.slice(start, end)).toBe(answer)
    expect([...context].slice(answer_start).join('').startsWith(answer)).toBe(true)
    expect(score).toBeGreaterThan(0)
  }
})

test('reads every format, also gzipped, with the same result', async () => {
  const expected = await linesOf(input)
  for (const name of ['q.json', 'q.csv', 'q.parquet', 'q.jsonl.gz', 'q.csv.gz']) {
    await writeExamples(path(name), examples)
    expect(await linesOf(path(name)), name).toEqual(expected)
  }
})

test('does not require answers in the input, and numbers questions without an id as data files are numbered', async () => {
  const rows = examples.map(({ question, context }) => JSON.stringify({ question, context }))
  writeFileSync(path('bare.jsonl'), rows.join('\n'))
  const csv = examples.map(({ question, context }) => `${question},"${context}"`)
  writeFileSync(path('bare.csv'), `question,context\n${csv.join('\n')}\n`)
  const expected = (await linesOf(input)).map((line, i) => ({ ...line, id: `q${i + 1}` }))
  expect(await linesOf(path('bare.jsonl'))).toEqual(expected)
  expect(await linesOf(path('bare.csv'))).toEqual(expected)
  const answers = csv.map((row) => `${row},`)
  writeFileSync(path('with-answers.csv'), `question,context,answer\n${answers.join('\n')}\n`)
  const read = await readExamples(path('with-answers.csv'))
  expect(read.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
})

test('writes an error line for a question that cannot be answered, and answers the others', async () => {
  const bad = [
    { id: 'empty', question: ' ', context: 'bo' },
    { id: 'long', question: 'who '.repeat(60), context: 'bo' },
  ]
  writeFileSync(input, `${readFileSync(input, 'utf8')}${bad.map((row) => JSON.stringify(row)).join('\n')}`)
  const lines = await linesOf(input)
  expect(lines.slice(0, 20).filter(({ answer }) => answer)).toHaveLength(20)
  expect(lines[20]).toEqual({ id: 'empty', error: expect.stringContaining('the question is empty') })
  expect(lines[21]).toEqual({ id: 'long', error: expect.stringContaining('no room for the context') })
  const { stdout } = await predict(input, path('again.jsonl'), ['--json'])
  expect(JSON.parse(stdout)).toMatchObject({ questions: 22, failed: 2, resumed_from: 0 })
})

test('writes the scores of the Python pipeline on request, and applies a stored threshold', async () => {
  const options = { top_k: 2, postprocess: 'pipeline', max_answer_len: 4, handle_impossible_answer: true } as const
  const answers = ['answer', '--model', tinyFolder, '--question', examples[1].question, '--context']
  const [, line] = await linesOf(input, flags(options))
  const { stdout } = await runHere(...answers, examples[1].context, ...flags(options), '--max_seq_len', '48', '--json')
  const { answers: expected } = JSON.parse(stdout)
  const found = (line as unknown as { answers: Line[] }).answers
  expect(found.map(({ answer_start, score, ...rest }) => rest)).toEqual(
    expected.map(({ score, ...rest }: Line) => rest),
  )
  for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i].score, 6)

  const model = path('model')
  cpSync(tinyFolder, model, { recursive: true })
  const fitted = { max_answer_length: 5, max_seq_length: 48, doc_stride: 8, fitted_on: { data: 'd', questions: 9 } }
  await saveAnswerSettings(model, {
    version_2_with_negative: true,
    null_score_diff_threshold: -100,
    confidence: storedConfidence,
    ...fitted,
  })
  const [unanswered] = await linesOf(input, ['--model', model])
  expect(unanswered).toMatchObject({ answer: '', start: 0, end: 0, null_odds: expect.any(Number) })
  expect(unanswered).toHaveProperty('confidence')
  expect(unanswered).not.toHaveProperty('answer_start')
})

test('writes the same files of run_qa as evaluate', async () => {
  const answered = examples.map((example) =>
    example.answers.length
      ? example
      : { ...example, answers: [{ text: 'in', answer_start: example.context.indexOf('in') }] },
  )
  await writeExamples(path('all.json'), answered)
  const evaluation = ['--model', tinyFolder, '--data', path('all.json'), '--output_dir', path('evaluated')]
  const run_qa = ['--postprocess', 'run_qa', '--padding', 'max_length']
  const windows = ['--max_seq_length', '48', '--doc_stride', '24']
  const evaluated = await runHere('evaluate', ...evaluation, ...run_qa, ...windows, '--version_2_with_negative')
  expect(evaluated.code, evaluated.stderr).toBe(0)
  const more = [...run_qa, '--handle_impossible_answer', '--max_answer_len', '30']
  const { code, stderr } = await predict(path('all.json'), path('predicted'), more)
  expect(code, stderr).toBe(0)
  const names = ['nbest_predictions.json', 'null_odds.json', 'predictions.json']
  expect(readdirSync(path('predicted')).sort()).toEqual(names)
  const [predicted, expected] = ['predicted', 'evaluated'].map((place) =>
    names.map((name) => readJson<Record<string, unknown>>(join(path(place), name))),
  )
  expect(predicted[2]).toEqual(expected[2])
  expect(Object.keys(predicted[0])).toEqual(examples.map(({ id }) => id))
  for (const [id, odds] of Object.entries(expected[1])) expect(predicted[1][id]).toBeCloseTo(odds as number, 4)
})

test('compresses the output if its name ends with .gz', async () => {
  const { code } = await predict(input, path('answers.jsonl.gz'))
  expect(code).toBe(0)
  const lines = await linesOf(input)
  const zipped = gunzipSync(readFileSync(path('answers.jsonl.gz'))).toString()
  expect(zipped).toBe(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
})

test('overwrites files only with --overwrite, and does not resume with different options', async () => {
  await linesOf(input)
  const again = await predict(input, path('answers.jsonl'))
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('already exists') })

  const state = { settings: { top_k: 7 }, questions: 1, failed: 0, windows: 1, last_id: 'q0', bytes: 3 }
  writeFileSync(path('other.jsonl.partial.json'), JSON.stringify(state))
  writeFileSync(path('other.jsonl.partial'), 'abc')
  const other = await predict(input, path('other.jsonl'))
  expect(other).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/started with other options: top_k 1 \(was 7\)/),
  })
  expect((await predict(input, path('other.jsonl'), ['--overwrite'])).code).toBe(0)
})

test('rejects a corrupted state of an unfinished file, and existing files before loading the model', async () => {
  const state = { settings: {}, questions: 1, failed: 0, windows: 1, last_id: 'q0', bytes: 3 }
  const corrupted = ['', '{}', '[]', 'null', '{"settings":null}', JSON.stringify({ ...state, bytes: -1 })]
  writeFileSync(path('bad.jsonl.partial'), 'abc')
  for (const text of corrupted) {
    writeFileSync(path('bad.jsonl.partial.json'), text)
    const { code, stderr } = await predict(input, path('bad.jsonl'))
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/bad\.jsonl\.partial\.json: .*\n.*--overwrite/),
    })
  }
  writeFileSync(path('there.jsonl'), 'mine')
  const { stderr } = await predict('none.jsonl', path('there.jsonl'))
  expect(stderr).toContain('there.jsonl: already exists')
})

test('never replaces input files or unrelated files next to its output', async () => {
  const before = readFileSync(input, 'utf8')
  const outputs = [input, path('./../').concat(basename(folder), '/questions.jsonl'), join(tinyFolder, 'config.json')]
  for (const output of outputs)
    for (const more of [[], ['--overwrite']])
      expect(await predict(input, output, more)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('is also an input'),
      })
  expect(readFileSync(input, 'utf8')).toBe(before)

  writeFileSync(path('mine.jsonl.partial'), 'mine')
  const beside = await predict(input, path('mine.jsonl'))
  expect(beside).toMatchObject({ code: 2, stderr: expect.stringContaining('mine.jsonl.partial: already exists') })
  expect(readFileSync(path('mine.jsonl.partial'), 'utf8')).toBe('mine')

  writeFileSync(path('nbest_predictions.json'), 'mine')
  const runQa = await predict(input, folder, ['--postprocess', 'run_qa'])
  expect(runQa).toMatchObject({ code: 2, stderr: expect.stringContaining('nbest_predictions.json: already exists') })
})

test('keeps a file created in the meantime, and keeps the answers', async () => {
  const target = path('late.jsonl')
  const opening = { settings: { a: 1 }, progress: { schema: z.object({}), start: {} } }
  const journal = (await BlockJournal.open(target, opening))!
  await journal.append('{}\n', () => ({}))
  writeFileSync(target, 'other content')
  await expect(journal.finish()).rejects.toThrow('late.jsonl: already exists')
  await expect(BlockJournal.open(target, opening)).rejects.toThrow('late.jsonl: already exists')
  expect(readFileSync(target, 'utf8')).toBe('other content')
  rmSync(target)
  await (await BlockJournal.open(target, opening))!.finish()
  expect(readFileSync(target, 'utf8')).toBe('{}\n')
  expect(readdirSync(folder).sort()).toEqual(['late.jsonl', 'questions.jsonl'])
})

test('finds an invalid line before answering the first question', async () => {
  writeFileSync(input, `${readFileSync(input, 'utf8')}{"id": "x", "question": "who?"\n`)
  const { code, stderr } = await predict(input, path('answers.jsonl'))
  expect(code).toBe(1)
  expect(stderr).toMatch(/questions\.jsonl: line 21: the line is truncated/)
  writeFileSync(input, '{"id": "x", "question": "who?", "context": 5}\n{}')
  expect((await predict(input, path('answers.jsonl'))).stderr).toMatch(/line 1: context is 5; expected a string/)
  expect(existsSync(path('answers.jsonl.partial'))).toBe(false)
})

test('reports duplicate ids, and rejects them if the output is keyed by id', async () => {
  const [first, second] = examples
  await writeExamples(input, [first, second, { ...second, id: first.id }, { ...second, id: first.id }], {
    overwrite: true,
  })
  const said = await predict(input, path('answers.jsonl'), ['--json'])
  expect(said.code, said.stderr).toBe(0)
  expect(said.stderr).toContain(
    `2 questions have the id of an earlier question, the first "${first.id}", so the output`,
  )
  expect(JSON.parse(said.stdout)).toMatchObject({ questions: 4, repeated_ids: 2 })
  const rejected = await predict(input, path('predicted'), ['--postprocess', 'run_qa'])
  expect(rejected.code).toBe(2)
  expect(rejected.stderr).toMatch(/hold one answer for each id\n.*--postprocess exact/)
})

test('if interrupted before the first answers, reports that nothing was saved and leaves no file', async () => {
  const screen = { ...noScreen, print: (text: string) => void printed.push(text) }
  const printed: string[] = []
  const controller = new AbortController()
  const counting: typeof noScreen.counting = (...options) => {
    controller.abort()
    return noScreen.counting(...options)
  }
  const options = { model: tinyFolder, input, output: path('a.jsonl'), max_seq_len: 48, batch_size: 1 }
  const stopped = runPredict({ ...options, screen: { ...screen, counting }, signal: controller.signal })
  await expect(stopped).rejects.toThrow(/aborted/)
  expect(printed).toContain('Stopped before any answers were saved.')
  expect(readdirSync(folder).filter((name) => name.startsWith('a.jsonl'))).toEqual([])
})
