import { linkSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { fixture } from '../../../tests/fixture.ts'
import { runHere } from '../../../tests/run-here.ts'
import { madeUpExamples } from '../../../tests/squad-parquet.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { readExamples } from '../../data/read-examples.ts'
import { writeExamples } from '../../data/write-examples.ts'
import { argumentDefaults } from '../../training/arguments/arguments.ts'

// Training steps take seconds, or minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

const json = async (...argv: string[]) => {
  const { code, stdout, stderr } = await runHere('data', ...argv, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

async function folderWithData(): Promise<(name: string) => string> {
  const folder = temporaryFolder()
  const path = (name: string) => join(folder, name)
  await writeExamples(path('all.json'), madeUpExamples(60))
  return path
}

test('data check shows counts and lengths of valid data', async () => {
  const path = await folderWithData()
  const { code, stdout } = await runHere('data', 'check', path('all.json'))
  expect(code).toBe(0)
  expect(stdout).toMatch(/60 questions, 60 contexts, 1 article, 54 answers, 6 questions without answers/)
  expect(stdout).toMatch(/Context length in words: median 11.*\n +11 - 11 {2}█{40} 60/s)
  expect(stdout).toMatch(/Problems: none\n\nNotes: none/)
})

test('data check exits with 1 if there are problems, and with 0 if the corrected copy has none', async () => {
  const path = await folderWithData()
  const text = readFileSync(path('all.json'), 'utf8')
  writeFileSync(path('broken.json'), text.replace('"answer_start":21', '"answer_start":22').slice(0, -20))
  const checked = await runHere('data', 'check', path('broken.json'))
  expect(checked.code).toBe(1)
  expect(checked.stdout).toMatch(/Problems: 2\n {2}truncated: 1\n/)
  expect(checked.stdout).toMatch(
    /answers whose answer_start counts UTF-16 units, not code points: 1\n.*question a0: answer "0" is not at/,
  )
  expect(checked.stderr).toMatch(/error: .*broken\.json: 2 problems\n.*--fix/)
  const fixed = await runHere('data', 'check', path('broken.json'), '--fix', path('fixed.csv'))
  expect(fixed.code).toBe(0)
  expect(fixed.stdout).toMatch(/fixed\.csv: 59 questions written; 2 corrected\n/)
  expect(await readExamples(path('fixed.csv'))).toEqual(madeUpExamples(59))
})

/** All data commands that write files, with the given output. */
const writersTo = (input: string, output: string): string[][] => [
  ['check', input, '--fix', output],
  ['split', input, '--train', output, '--validation', `${output}-v.json`],
  ['split', input, '--train', `${output}-t.json`, '--validation', output],
  ['convert', input, output],
  ['merge', input, '--output', output],
  ['sample', input, '--count', '3', '--output', output],
]

test('data commands never overwrite their input, even with --overwrite', async () => {
  const path = await folderWithData()
  const before = readFileSync(path('all.json'), 'utf8')
  linkSync(path('all.json'), path('same.json'))
  const commands = ['all.json', 'same.json'].flatMap((name) => writersTo(path('all.json'), path(name)))
  const validation = ['check', path('other.json'), '--validation', path('all.json'), '--fix', path('all.json')]
  writeFileSync(path('other.json'), before)
  for (const argv of [...commands, validation]) {
    const { code, stderr } = await runHere('data', ...argv, '--overwrite')
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('is also an input') })
  }
  expect(readFileSync(path('all.json'), 'utf8')).toBe(before)
  expect(readdirSync(path('.')).sort()).toEqual(['all.json', 'other.json', 'same.json'])
})

test('data commands overwrite files only with --overwrite, and check this before reading', async () => {
  const path = await folderWithData()
  writeFileSync(path('mine.json'), 'mine')
  for (const argv of writersTo(path('missing.json'), path('mine.json'))) {
    const { code, stderr } = await runHere('data', ...argv)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('mine.json: already exists') })
  }
  expect(readFileSync(path('mine.json'), 'utf8')).toBe('mine')
  for (const argv of writersTo(path('all.json'), path('mine.json')))
    expect((await runHere('data', ...argv, '--overwrite')).code).toBe(0)
  expect((await readExamples(path('mine.json'))).length).toBe(3)
})

test('data check with a model counts windows and estimates the cost of training', async () => {
  const path = await folderWithData()
  const model = fixture('tiny/b1/safetensors')
  const flags = ['--model', model, '--max_seq_length', '48', '--doc_stride', '8']
  const checked = await json('check', path('all.json'), ...flags, '--estimate')
  const { windows, tokens } = await json('windows', path('all.json'), ...flags)
  expect(checked.windows).toMatchObject({ windows, tokens })
  expect(checked.cost.seconds_per_epoch).toBeCloseTo(tokens / checked.cost.tokens_per_second)
  expect(checked.cost.peak_bytes).toBeGreaterThan(1e7)
  expect(checked.cost.batch_size).toBe(argumentDefaults.per_device_train_batch_size)
  expect(checked.problems).toEqual([])
})

test('data split, merge and convert preserve all examples', async () => {
  const path = await folderWithData()
  const { by, files } = await json(
    'split',
    path('all.json'),
    '--train',
    path('t.csv.gz'),
    '--validation',
    path('v.parquet'),
  )
  expect([by, Object.values(files)]).toEqual(['context', [54, 6]])
  await json('merge', path('t.csv.gz'), path('v.parquet'), path('v.parquet'), '--output', path('merged.jsonl'))
  expect(await json('convert', path('merged.jsonl'), path('merged.json'))).toMatchObject({ questions: 60 })
  const byId = (a: { id: string }, b: { id: string }) => Number(a.id.slice(1)) - Number(b.id.slice(1))
  expect((await readExamples(path('merged.json'))).sort(byId)).toEqual(madeUpExamples(60))
})

test('questions of a table without ids keep their numbers as ids in the parts of a split, a sample and a merged file', async () => {
  const path = await folderWithData()
  const rows = Array.from({ length: 12 }, (_, i) => `who?,Text ${i} names Ada${i} here.,Ada${i}`)
  writeFileSync(path('a.csv'), `question,context,answer\n${rows.join('\n')}\n`)
  const idsByContext = async (name: string) =>
    new Map((await readExamples(path(name))).map(({ id, context }) => [context, id]))
  const source = await idsByContext('a.csv')
  await json(
    'split',
    path('a.csv'),
    '--train',
    path('t.csv'),
    '--validation',
    path('v.jsonl'),
    '--test',
    path('e.xlsx'),
  )
  await json('sample', path('a.csv'), '--count', '5', '--output', path('s.csv'))
  await json('merge', path('v.jsonl'), path('t.csv'), '--output', path('m.csv'))
  for (const name of ['t.csv', 'v.jsonl', 'e.xlsx', 's.csv', 'm.csv'])
    for (const [context, id] of await idsByContext(name)) expect(id, `${name}: ${context}`).toBe(source.get(context))
  await json('convert', path('a.csv'), path('c.csv'))
  expect(readFileSync(path('c.csv'), 'utf8')).toMatch(/^question,context,answer,answer_start\r?\n/)
})

test('data convert, sample, split and merge keep the columns of the source or write those of run_qa', async () => {
  const path = await folderWithData()
  const rows = Array.from({ length: 20 }, (_, i) => `Who?,It was Ada in ${i},Ada,note ${i}`)
  writeFileSync(path('own.csv'), `Question,Context,Answer,Notes\n${rows.join('\n')}\n`)
  await json('sample', path('own.csv'), '--count', '12', '--output', path('sample.xlsx'))
  await json('split', path('sample.xlsx'), '--train', path('t.parquet'), '--validation', path('v.tsv'))
  await json('merge', path('t.parquet'), path('v.tsv'), '--output', path('merged.jsonl'))
  await json('convert', path('merged.jsonl'), path('kept.csv'))
  const [header, first, ...others] = readFileSync(path('kept.csv'), 'utf8').trim().split('\n')
  // The sample took some of the rows: their numbers became ids.
  expect(header).toBe('id,Question,Context,Answer,answer_start,Notes')
  expect(first).toMatch(/^"q\d+","Who\?","It was Ada in (\d+)","Ada","7","note \1"$/)
  expect(others).toHaveLength(11)

  await json('convert', path('kept.csv'), path('squad.json'))
  expect(JSON.parse(readFileSync(path('squad.json'), 'utf8')).data[0].paragraphs[0].qas[0].Notes).toMatch(/^note/)
  await json('convert', path('kept.csv'), path('run-qa.jsonl'), '--columns', 'run_qa')
  expect(Object.keys(JSON.parse(readFileSync(path('run-qa.jsonl'), 'utf8').split('\n')[0]))).toEqual([
    'id',
    'context',
    'question',
    'answers',
  ])
})

test('data merge of different tables writes the columns of run_qa followed by all others', async () => {
  const path = await folderWithData()
  writeFileSync(path('own.csv'), 'question,context,answer,notes\nWho?,It was Ada,Ada,hers\n')
  await json('merge', path('all.json'), path('own.csv'), '--output', path('merged.csv'))
  const text = readFileSync(path('merged.csv'), 'utf8')
  expect(text.split('\n')[0]).toBe('id,title,context,question,answers,notes')
  expect(await readExamples(path('merged.csv'))).toHaveLength(61)
})

test('data sample draws the requested number of questions, the same for the same seed', async () => {
  const path = await folderWithData()
  const draw = (seed: string) =>
    json('sample', path('all.json'), '--count', '9', '--output', path('few.jsonl'), '--seed', seed, '--overwrite')
  expect(await draw('1')).toMatchObject({ questions: 9, of: 60 })
  const first = readFileSync(path('few.jsonl'), 'utf8')
  await draw('2')
  expect(readFileSync(path('few.jsonl'), 'utf8')).not.toBe(first)
  await draw('1')
  expect(readFileSync(path('few.jsonl'), 'utf8')).toBe(first)
})

test('an output file with an unknown extension is a usage error', async () => {
  const path = await folderWithData()
  const { code, stderr } = await runHere('data', 'convert', path('all.json'), path('out.txt'))
  expect(code).toBe(2)
  expect(stderr).toMatch(/unsupported extension for an output file/)
})
