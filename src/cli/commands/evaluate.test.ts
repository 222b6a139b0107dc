import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { runHere } from '../../../tests/run-here.ts'
import { readJson } from '../../../tests/squad-reference.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { differentExamples, tinyExamples, tinyFolder } from '../../../tests/tiny-squad.ts'
import { type AnswerSettings, loadAnswerSettings } from '../../checkpoint/answer-settings.ts'
import { squadMetrics } from '../../squad/metrics/metrics.ts'
import { squadV2Metrics } from '../../squad/metrics/metrics-v2.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'

// Evaluations take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

const examples = tinyExamples(24)
/** Every third question is unanswerable. */
const examplesV2 = examples.map((example, i) => (i % 3 ? example : { ...example, answers: [] }))
let folder: string
let argv: string[]
let argvV2: string[]
beforeEach(() => {
  folder = temporaryFolder()
  const file = (name: string, content: typeof examples) => {
    writeFileSync(join(folder, name), toSquadJson(content))
    return ['--data', join(folder, name), '--max_seq_length', '48', '--doc_stride', '8']
  }
  argv = file('dev.json', examples)
  argvV2 = file('dev-v2.json', examplesV2)
})

const json = async (...more: string[]) => {
  const { code, stdout, stderr } = await runHere('evaluate', ...more, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}
/** Writes `count` questions, of which those selected by `isAnswered` have an answer. */
function writeMany(name: string, isAnswered: (i: number) => boolean, count = 210): string[] {
  const many = differentExamples(count).map((example, i) => (isAnswered(i) ? example : { ...example, answers: [] }))
  writeFileSync(join(folder, name), toSquadJson(many))
  return ['--data', join(folder, name), '--max_seq_length', '48', '--doc_stride', '8']
}
const predictionsOf = (place: string) =>
  new Map(Object.entries(readJson<Record<string, string>>(join(place, 'predictions.json'))))

describe('spanforge evaluate', () => {
  test('writes the predictions behind its scores, and prints an interval for each score', async () => {
    const place = join(folder, 'evaluation')
    const found = await json('--model', tinyFolder, ...argv, '--output_dir', place, '--n_best_size', '3')
    const { exact_match, f1 } = squadMetrics(predictionsOf(place), examples)
    expect(found).toMatchObject({ exact_match, f1, examples: 24, windows: 24 })
    const [low, high] = found.f1_interval
    expect(low).toBeLessThan(f1)
    expect(high).toBeGreaterThan(f1)
    const { files, ...results } = found
    expect(readJson(join(place, 'eval_results.json'))).toEqual(results)
    expect(files.map((file: string) => existsSync(file))).toEqual([true, true, true])
    const nbest = Object.entries(
      readJson<Record<string, { text: string; probability: number }[]>>(join(place, 'nbest_predictions.json')),
    )
    expect(nbest).toHaveLength(24)
    for (const [id, answers] of nbest) {
      expect(answers).toHaveLength(3)
      expect(answers[0].text).toBe(predictionsOf(place).get(id))
    }
  })

  test('computes the same SQuAD v2.0 metrics as the official script from the written files', async () => {
    const place = join(folder, 'evaluation')
    const found = await json('--model', tinyFolder, ...argvV2, '--version_2_with_negative', '--output_dir', place)
    const no_answer_scores = new Map(Object.entries(readJson<Record<string, number>>(join(place, 'null_odds.json'))))
    // run_qa has already applied the threshold; the script's own default is 1.
    const options = { no_answer_scores, no_answer_threshold: Number.POSITIVE_INFINITY }
    const { exact, total, ...official } = squadV2Metrics(predictionsOf(place), examplesV2, options).metrics
    expect(found).toMatchObject({ exact_match: exact, examples: total, ...official })
    expect(official).toMatchObject({ HasAns_total: 16, NoAns_total: 8 })
  })

  test('writes the answers of run_qa with --postprocess run_qa', async () => {
    const [exact, runQa] = [join(folder, 'exact'), join(folder, 'run_qa')]
    await json('--model', tinyFolder, ...argv, '--output_dir', exact)
    const found = await json('--model', tinyFolder, ...argv, '--output_dir', runQa, '--postprocess', 'run_qa')
    // With contexts this short the 20 best starts and ends include the best span; the probabilities cover 20 answers.
    expect(predictionsOf(runQa)).toEqual(predictionsOf(exact))
    expect(found.exact_match).toBe(squadMetrics(predictionsOf(runQa), examples).exact_match)
    const sums = Object.values(
      readJson<Record<string, { probability: number }[]>>(join(runQa, 'nbest_predictions.json')),
    ).map((answers) => answers.reduce((sum, { probability }) => sum + probability, 0))
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5)
  })

  test('compares models on the same questions', async () => {
    const other = join(folder, 'other')
    cpSync(tinyFolder, other, { recursive: true })
    cpSync(fixture('tiny/b5/weights-final.safetensors'), join(other, 'model.safetensors'))
    const models = ['--model', tinyFolder, '--model', other]
    const { models: found, comparisons } = await json(...models, ...argv, '--output_dir', join(folder, 'all'))
    expect(found.map(({ model }: { model: string }) => model)).toEqual(['safetensors', 'other'])
    const [{ a, b, f1, questions, sentences }] = comparisons
    expect([a, b]).toEqual(['safetensors', 'other'])
    expect(f1.difference).toBeCloseTo(found[1].f1 - found[0].f1, 9)
    expect(Object.values<number>(questions).reduce((x, y) => x + y)).toBe(24)
    expect(questions.both + questions.only_b).toBe(Math.round(found[1].exact_match * 0.24))
    expect(sentences[0]).toMatch(/F1, 95 % interval/)
    for (const { model, f1 } of found)
      expect(squadMetrics(predictionsOf(join(folder, 'all', model)), examples).f1).toBe(f1)
    const { stdout } = await runHere('evaluate', ...models, ...argv)
    expect(stdout).toMatch(/Model +Exact match .*\n-+.*\nsafetensors.*\nother/)
    expect(stdout).toContain(sentences[0])
    expect((await runHere('evaluate', '--model', tinyFolder, '--model', tinyFolder, ...argv)).code).toBe(2)
  })

  test('stores threshold and confidence with the model with --calibrate, and then uses them', async () => {
    const model = join(folder, 'model')
    cpSync(tinyFolder, model, { recursive: true })
    const many = writeMany('many-v2.json', (i) => i % 3 > 0)
    const before = await json('--model', model, ...many, '--version_2_with_negative', '--calibrate')
    expect(before.null_score_diff_threshold).toBe(0)
    const stored = (await loadAnswerSettings(model)) as Required<AnswerSettings>
    const { confidence, null_score_diff_threshold, fitted_on } = stored
    expect(fitted_on.questions).toBe(210)
    expect(confidence).toMatchObject({ version: 1, questions: 210, questions_in_long_texts: expect.any(Number) })
    expect(before.fitted).toMatchObject({ confidence, null_score_diff_threshold })
    expect(before).not.toHaveProperty('fitted_before')
    const { own_text, long_text } = confidence.expected_calibration_error
    expect(before.confidence.calibrated).toEqual({
      cross_validated: true,
      expected_calibration_error: own_text,
      expected_calibration_error_long_texts: long_text,
    })
    const after = await json('--model', model, ...many)
    expect(after).toMatchObject({ version_2_with_negative: true, null_score_diff_threshold })
    expect(after.confidence.calibrated).toMatchObject({ cross_validated: false })
    expect(after.f1).toBeGreaterThanOrEqual(before.best_f1 - 1e-9)
    const v1 = await json('--model', model, ...argv, '--no-version_2_with_negative')
    expect(v1).not.toHaveProperty('null_score_diff_threshold')
    const { stdout } = await runHere('evaluate', '--model', model, ...many, '--calibrate')
    const at = null_score_diff_threshold.toFixed(3)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `threshold ${at} (was ${at}), confidence fitted on 210 questions; will be used from now on`,
    )
    expect(stdout).toMatch(/Calibration error +[\d.]+ %, [\d.]+ % in longer texts: the confidence fitted on these/)
  })

  test('fits the same confidence for the same model and data', async () => {
    const many = writeMany('many.json', () => true)
    const fits = []
    for (const name of ['first', 'second']) {
      const model = join(folder, name)
      cpSync(tinyFolder, model, { recursive: true })
      fits.push((await json('--model', model, ...many, '--calibrate')).fitted.confidence)
    }
    expect(fits[0]).toEqual(fits[1])
    expect(fits[0]).not.toHaveProperty('no_answer')
  })

  test.each([
    [
      '24 questions',
      'few.json',
      24,
      () => true,
      /at least 200 different questions are needed to fit it, and there are 24 in/,
    ],
    [
      '199 questions',
      'fewer.json',
      199,
      () => true,
      /at least 200 different questions are needed to fit it, and there are 199 in/,
    ],
    [
      'answerable questions only',
      'answered.json',
      210,
      () => true,
      /without an answer are needed to fit it, and 210 of the 210/,
    ],
    [
      'too few unanswerable questions',
      'v2.json',
      210,
      (i: number) => i > 18,
      /20 without an answer are needed to fit it, and 191 of the/,
    ],
  ])('does not fit threshold and confidence on %s', async (_, name, count, answered, message) => {
    const model = join(folder, name.replace('.json', ''))
    cpSync(tinyFolder, model, { recursive: true })
    const few = writeMany(name, answered, count)
    const asked = ['--version_2_with_negative', '--calibrate']
    const { code, stderr } = await runHere('evaluate', '--model', model, ...few, ...asked)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(await loadAnswerSettings(model)).toBeUndefined()
  })

  test('writes the error analysis as HTML and JSON', async () => {
    const report = join(folder, 'errors.html')
    const { files, f1 } = await json('--model', tinyFolder, ...argv, '--report', report)
    expect(files).toEqual([report, join(folder, 'errors.json')])
    expect(readFileSync(report, 'utf8')).toContain('<title>Error analysis: safetensors on dev.json</title>')
    const analysis = readJson<{ overall: { f1: { mean: number } } }>(join(folder, 'errors.json'))
    expect(analysis.overall.f1.mean).toBeCloseTo(f1, 9)
  })

  test('overwrites files only with --overwrite, and never its input', async () => {
    const [place, model] = [join(folder, 'kept'), join(folder, 'own-model')]
    cpSync(tinyFolder, model, { recursive: true })
    mkdirSync(place)
    cpSync(argv[1], join(place, 'dev.json'))
    const kept = ['x.html', 'y.json', 'predictions.json'].map((name) => join(place, name))
    for (const path of kept) writeFileSync(path, 'mine')
    const rejected = async (message: string, ...more: string[]) => {
      const { code, stderr } = await runHere('evaluate', '--model', model, ...argv, ...more)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
    }
    await rejected('x.html: already exists', '--report', join(place, 'x.html'), '--data', 'nowhere.json')
    await rejected('y.json: already exists', '--report', join(place, 'y.html'))
    await rejected('predictions.json: already exists', '--output_dir', place)
    const two = ['--model', tinyFolder, '--report', join(place, 'z.html')]
    writeFileSync(join(place, 'z-own-model.json'), '')
    await rejected('z-own-model.json: already exists', ...two)
    const data = ['--data', join(place, 'dev.json'), '--overwrite']
    await rejected('dev.json: is also an input', '--report', join(place, 'dev.html'), ...data)
    await rejected('tokenizer.json: is also an input', '--report', join(model, 'tokenizer.html'), '--overwrite')
    for (const path of kept) expect(readFileSync(path, 'utf8')).toBe('mine')
    await json('--model', model, ...argv, '--output_dir', place, '--report', kept[0], '--overwrite')
    expect(readFileSync(kept[0], 'utf8')).toContain('<title>Error analysis')
  })

  test.each([
    [['--report', 'errors.txt'], /--report errors\.txt is not an HTML file/],
    [['--report', 'e.html', '--postprocess', 'run_qa'], /--report needs exact probabilities/],
    [['--confidence_level', '95'], /confidence_level is 95/],
    [['--postprocess', 'best'], /Allowed choices are exact, run_qa/],
    [['--padding', 'some'], /Allowed choices are none, longest, max_length/],
  ])('rejects %j before reading anything', async (more, message) => {
    const { code, stderr } = await runHere('evaluate', '--model', tinyFolder, ...argv, ...more)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })

  test('suggests --version_2_with_negative for unanswerable questions', async () => {
    const { code, stderr } = await runHere('evaluate', '--model', tinyFolder, ...argvV2)
    expect(code).toBe(1)
    expect(stderr).toContain('(--version_2_with_negative) for data with unanswerable questions')
  })
})
