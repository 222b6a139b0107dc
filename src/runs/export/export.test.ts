import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { spanforge } from '../../../tests/cli.ts'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { thoroughOr } from '../../../tests/thorough.ts'
import { tinyTraining } from '../../../tests/tiny-run.ts'
import { differentExamples, tinyFolder } from '../../../tests/tiny-squad.ts'
import type { ExportOutcome } from '../../export/export-model.ts'
import { f1 } from '../../squad/metrics/metrics.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'

// Complete runs, which take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

/**
 * Questions whose correct answers are those of the model, so that each other answer of a variant lowers its F1.
 */
async function answeredByModel(folder: string, count: number): Promise<string> {
  const examples = differentExamples(2 * count)
  const [input, output] = [join(folder, 'questions.json'), join(folder, 'answers.jsonl')]
  writeFileSync(input, toSquadJson(examples))
  const asked = ['--model', tinyFolder, '--input', input, '--output', output, '--no_align_to_words']
  const { code, stderr } = await runHere('predict', ...asked)
  expect(code, stderr).toBe(0)
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  const answered = lines.flatMap((line, i) => {
    const { answer, answer_start } = JSON.parse(line)
    // Scores ignore punctuation and articles.
    return f1(answer, answer) === 1 ? [{ ...examples[i], answers: [{ text: answer, answer_start }] }] : []
  })
  const path = join(folder, 'dev.json')
  writeFileSync(path, toSquadJson(answered.slice(0, count)))
  return path
}

const exporting = (output_dir: string, ...more: string[]) =>
  runHere('export', tinyFolder, '--to', 'onnx', '--output_dir', output_dir, '--runtime', 'node', ...more)

const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8')

test('a variant that loses more than max_f1_drop is not written, the others are, and --force writes it', async () => {
  const folder = temporaryFolder()
  const validation_file = await answeredByModel(folder, 40)
  const output_dir = join(folder, 'exported')
  const asked = ['--dtype', 'fp32,fp16,int8,q8,q4', '--validation_file', validation_file, '--max_f1_drop', '2']
  const { code, stdout, stderr } = await exporting(output_dir, ...asked, '--json')
  expect(code, stderr).toBe(1)
  expect(stderr).toMatch(/error: export: .*q4 loses [\d.]+ F1 on Node.js, more than 2.*: not written\n.*--force/)
  const { variants, rejected }: ExportOutcome = JSON.parse(stdout)
  expect(rejected.map(({ dtype }) => dtype)).toContain('q4')
  const [fp32] = variants
  expect(fp32).toMatchObject({
    dtype: 'fp32',
    share: 1,
    comparison: { questions: { data: 'dev.json', count: 40 }, model: { exact_match: 100, f1: 100 } },
    objections: [],
  })
  const [figures] = fp32.comparison!.runtimes
  expect(figures).toMatchObject({
    runtime: 'Node.js',
    answers: { exact_match: 100, f1: 100, f1_drop: 0, same_answers: 100 },
  })
  expect(figures.logit_error!.max).toBeLessThan(1e-4)
  expect(figures.logit_error!.mean).toBeLessThan(figures.logit_error!.max)
  expect(figures.latency!.window_ms).toBeGreaterThan(0)
  for (const { comparison } of rejected) {
    const { f1, f1_drop, same_answers } = comparison!.runtimes[0].answers!
    expect(f1).toBeCloseTo(100 - f1_drop)
    expect(same_answers).toBeLessThan(100)
  }
  expect(readdirSync(join(output_dir, 'onnx'))).toEqual(variants.map(({ file }) => file.slice('onnx/'.length)).sort())
  for (const file of ['README.md', 'config.json']) expect(read(output_dir, file)).not.toContain('q4')
  expect(read(output_dir, 'README.md')).toContain('| fp32 | Node.js | 100.00 | 100.00 | 100.0 % |')
  expect(JSON.parse(read(output_dir, 'export.json'))).toMatchObject({ variants, rejected })

  const forced = await exporting(output_dir, '--dtype', 'q4', '--validation_file', validation_file, '--force')
  expect(forced.code, forced.stderr).toBe(0)
  expect(forced.stdout).toMatch(/Forced +q4 loses [\d.]+ F1/)
  expect(read(output_dir, 'README.md')).toMatch(/q4 was exported although it loses [\d.]+ F1 on Node.js, more than 1\./)
  expect(
    JSON.parse(read(output_dir, 'export.json')).rejected.map(({ dtype }: { dtype: string }) => dtype),
  ).not.toContain('q4')
})

test('without questions, only fp32 and fp16 are exported, after a comparison of logits', async () => {
  const folder = temporaryFolder()
  const output_dir = join(folder, 'exported')
  const blind = await exporting(output_dir, '--dtype', 'fp32,q8,int8')
  expect(blind.code).toBe(2)
  expect(blind.stderr).toMatch(
    /q8, int8 must be compared .*\n.*--validation_file or --dataset, or --force.*fp32 and fp16/,
  )
  expect(readdirSync(folder)).toEqual([])
  const compared = await exporting(output_dir, '--dtype', 'fp32,fp16')
  expect(compared.code, compared.stderr).toBe(0)
  expect(compared.stdout).toMatch(
    /fp32 on Node.js: logits differ by at most \de-\d|Compared on windows of random tokens/,
  )
  expect(read(output_dir, 'README.md')).toContain('windows of random tokens, without questions')
  const forced = await exporting(output_dir, '--dtype', 'int8', '--force')
  expect(forced.code, forced.stderr).toBe(0)
  expect(read(output_dir, 'README.md')).toContain('int8 was exported although it was not compared on questions.')
})

test('by default, the questions are those that the model was evaluated on, if they are unchanged', async () => {
  const folder = temporaryFolder()
  const trained = await runHere(...tinyTraining(folder, { max_steps: 1 }))
  expect(trained.code, trained.stderr).toBe(0)
  let exports = 0
  const exported = () =>
    runHere(
      ...['export', join(folder, 'out'), '--to', 'onnx', '--output_dir', join(folder, `exported-${exports++}`)],
      ...['--runtime', 'node'],
    )
  const found = await exported()
  expect(found.code, found.stderr).toBe(0)
  expect(found.stdout).toContain('on 8 questions of dev.json')
  const data = join(folder, 'dev.json')
  writeFileSync(data, toSquadJson(differentExamples(8)))
  expect((await exported()).stdout).toMatch(/evaluated on \(.*dev.json\) have changed since, so they are not used/)
  rmSync(data)
  expect((await exported()).stdout).toMatch(/evaluated on \(.*dev.json\) cannot be read \(.*no such file\)/)
})

test('keeps the products in float32 that are named, or none', async () => {
  const folder = temporaryFolder()
  const validation_file = await answeredByModel(folder, 6)
  const kept = async (name: string, ...more: string[]) => {
    const asked = ['--dtype', 'int8', '--validation_file', validation_file, '--force', '--json', ...more]
    const { code, stdout, stderr } = await exporting(join(folder, name), ...asked)
    expect(code, stderr).toBe(0)
    return (JSON.parse(stdout) as ExportOutcome).variants[0].kept
  }
  expect(await kept('none', '--keep_float32', 'none')).toEqual([])
  expect(await kept('named', '--keep_float32', '*layer.0.output.dense.weight')).toEqual([
    'bert.encoder.layer.0.output.dense.weight',
  ])
  const chosen = await kept('auto', '--max_int8_size', '0.9')
  expect(chosen).not.toEqual([])
  const last = 'bert.encoder.layer.1.attention.self.query.weight'
  const both = await kept('both', '--keep_float32', `auto,${last}`, '--max_int8_size', '0.9')
  expect(both).toContain(last)
  expect(both.length).toBeGreaterThan(1)
  expect(new Set(both).size).toBe(both.length)
  const unknown = await exporting(join(folder, 'x'), '--dtype', 'int8', '--force', '--keep_float32', 'output')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('"output" matches no product')])
  const none = await exporting(join(folder, 'x'), '--dtype', 'int8', '--force', '--keep_float32', 'none,*')
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('none excludes others')])
})

test('--validation_file and --dataset are mutually exclusive, and unknown runtimes and dtypes are errors', async () => {
  const folder = temporaryFolder()
  const refused = async (...more: string[]) => {
    const { code, stderr } = await exporting(join(folder, 'exported'), ...more)
    expect(code).toBe(2)
    expect(readdirSync(folder)).toEqual([])
    return stderr
  }
  expect(await refused('--validation_file', 'a.json', '--dataset', 'squad')).toContain('mutually exclusive')
  expect(await refused('--runtime', 'deno')).toContain('unknown runtime "deno"')
  expect(await refused('--dtype', 'int4')).toContain('unknown dtype "int4"')
  expect(await refused('--max_f1_drop', '-1')).toContain('Expected a number of at least 0')
  expect(await refused('--validation_file', 'missing.json')).toContain('no such file')
})

test('Ctrl-C during the comparison leaves nothing behind', async () => {
  // Enough for a comparison of several seconds.
  const count = thoroughOr(40_000, 10_000)
  const folder = temporaryFolder()
  const validation_file = join(folder, 'dev.json')
  writeFileSync(validation_file, toSquadJson(differentExamples(count)))
  const asked = [
    '--max_eval_samples',
    String(count),
    '--validation_file',
    validation_file,
    '--dtype',
    'fp32,fp16,q8,q4',
  ]
  const argv = ['export', tinyFolder, '--to', 'onnx', '--output_dir', join(folder, 'exported'), ...asked]
  const { code, stdout, stderr } = await spanforge([...argv, '--runtime', 'node'], {
    meanwhile: (child) =>
      child.stdout!.on('data', (text) => {
        if (String(text).includes('onnx/model_q4.onnx')) setTimeout(() => child.kill('SIGINT'), 1000)
      }),
  })
  expect(code, stderr).toBe(130)
  expect(stdout).toContain('Stopping.')
  expect(readdirSync(folder)).toEqual(['dev.json'])
})
