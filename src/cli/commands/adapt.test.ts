import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { flags } from '../../../tests/cli.ts'
import { docxOf } from '../../../tests/docx-file.ts'
import { fixture } from '../../../tests/fixture.ts'
import { pdfOf } from '../../../tests/pdf-file.ts'
import { recurringText } from '../../../tests/recurring-text.ts'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull } from '../../../tests/thorough.ts'
import type { Flags } from '../../../tests/tiny-run.ts'
import { checkpointBytes } from '../../../tests/tiny-run.ts'
import { tinyFolder, writeTinySquad } from '../../../tests/tiny-squad.ts'
import { toSquadJson } from '../../squad/reading/squad-json.ts'
import type { Example } from '../../squad/types.ts'

vi.setConfig({ testTimeout: 600_000 })

let folder: string
let docs: string
beforeEach(() => {
  folder = temporaryFolder()
  docs = join(folder, 'docs')
  mkdirSync(docs)
  const paragraphs = (number: number) => recurringText(number, 12).split('\n\n')
  writeFileSync(join(docs, 'a.txt'), recurringText(0, 12))
  writeFileSync(join(docs, 'b.md'), `# Title\n\n${recurringText(1, 12)}`)
  writeFileSync(
    join(docs, 'c.html'),
    `<h1>T</h1>${paragraphs(2)
      .map((text) => `<p>${text}</p>`)
      .join('')}`,
  )
  writeFileSync(join(docs, 'd.docx'), docxOf(['# T', ...paragraphs(3)]))
  writeFileSync(
    join(docs, 'e.pdf'),
    pdfOf(
      ...paragraphs(4).map((text) => [
        { text, y: 700 },
        { text: 'Manual of Una Sol, page 3 of 9.', y: 40 },
      ]),
    ),
  )
  writeFileSync(join(docs, 'copy.txt'), recurringText(0, 12))
  writeFileSync(join(docs, 'broken.pdf'), 'no PDF')
  writeFileSync(join(docs, 'picture.png'), 'x')
})

const adapting = (sources: readonly string[], more: Flags = {}): string[] => [
  'adapt',
  ...sources,
  ...flags({
    model: tinyFolder,
    output_dir: join(folder, 'out'),
    max_seq_length: 64,
    doc_stride: 4,
    max_steps: 6,
    per_device_train_batch_size: 4,
    save_steps: 3,
    save_total_limit: 2,
    ...more,
  }),
]

async function json(...argv: string[]) {
  const { code, stdout, stderr } = await runHere(...argv, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

const made = async (...argv: string[]) => json('adapt', ...argv, '--dry_run')

describe('spanforge adapt', () => {
  test('trains on questions made from documents, resumes bit for bit without the documents, and is trained further', async () => {
    const out = join(folder, 'out')
    const { code, stdout, stderr } = await runHere(...adapting([docs]))
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(
      /Read 5 documents with .* \(also 1 with the text of another one, 1 skipped, 1 file of other types\)/,
    )
    expect(stdout).toMatch(
      /Made \d+ questions to train on, and [1-9]\d* from other (documents|passages) to evaluate on/,
    )
    expect(stdout).toMatch(/Skipped docs\/broken\.pdf: not a PDF/)
    expect(stdout).toMatch(/Arguments chosen by .*learning_rate 0\.0001/)
    expect((await runHere('adapt', '--help')).stdout).toMatch(/by\s+the\s+number\s+of\s+questions/)
    const record = JSON.parse(readFileSync(join(out, 'adaptation/adaptation.json'), 'utf8'))
    const card = readFileSync(join(out, 'README.md'), 'utf8')
    expect(card).toContain(`adapted to ${record.documents} documents`)
    expect(card).toContain(`${record.passages} passages`)
    expect(card).toContain(record.digest)
    expect(JSON.parse(readFileSync(join(out, 'all_results.json'), 'utf8'))).toHaveProperty('eval_loss')
    expect(JSON.parse(readFileSync(join(out, 'training_args.json'), 'utf8'))).toMatchObject({ eval_strategy: 'epoch' })

    const whole = checkpointBytes(join(out, 'checkpoint-6'))
    rmSync(join(out, 'checkpoint-6'), { recursive: true })
    rmSync(docs, { recursive: true })
    const resumed = await runHere('adapt', '--output_dir', out, '--resume_from_checkpoint', 'latest')
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(resumed.stdout).toContain(`Using the ${record.train} questions made when the run began.`)
    expect(resumed.stdout).toMatch(/Resuming from .*checkpoint-3\./)
    expect(checkpointBytes(join(out, 'checkpoint-6'))).toEqual(whole)

    const further = join(folder, 'further')
    const train = { model: out, train_file: writeTinySquad(folder, 'train.json', 8), output_dir: further, max_steps: 1 }
    expect((await runHere('train', ...flags(train))).code).toBe(0)
    expect(readFileSync(join(further, 'README.md'), 'utf8')).toContain('out fine-tuned on train.json')
  })

  test('makes the same questions in any order of the documents, and from an index', async () => {
    const inOrder = await made(docs)
    const names = readdirSync(docs).map((name) => join(docs, name))
    const shuffled = await made(...names.filter((name) => !name.endsWith('.png')).toReversed())
    expect({ ...shuffled, other_files: 1 }).toEqual({
      ...inOrder,
      skipped: [{ name: 'broken.pdf', reason: inOrder.skipped[0].reason }],
      examples: inOrder.examples.map((example: Example) => ({
        ...example,
        title: example.title?.replace('docs/', ''),
      })),
    })
    await json('index', docs, '--output_dir', join(folder, 'index'))
    const fromIndex = await made(join(folder, 'index'))
    expect(fromIndex.digest).toBe(inOrder.digest)
    expect(fromIndex.examples).toEqual(inOrder.examples)
    expect((await made(docs, '--seed', '1')).examples).not.toEqual(inOrder.examples)
  })

  test('reads no report or model card of its output folder, and starts over with --overwrite_output_dir', async () => {
    const out = join(docs, 'out')
    const argv = adapting([docs], { output_dir: out, max_steps: 1 })
    expect((await runHere(...argv)).code).toBe(0)
    const record = readFileSync(join(out, 'adaptation/adaptation.json'), 'utf8')
    const again = await runHere(...argv, '--overwrite_output_dir')
    expect(again.code, again.stderr).toBe(0)
    expect(JSON.parse(readFileSync(join(out, 'adaptation/adaptation.json'), 'utf8'))).toEqual({
      ...JSON.parse(record),
      other_files: expect.any(Number),
    })
    const train = {
      model: tinyFolder,
      train_file: writeTinySquad(folder, 'train.json', 8),
      output_dir: out,
      max_steps: 1,
    }
    const replaced = await runHere('train', ...flags({ ...train, overwrite_output_dir: true }))
    expect(replaced.code, replaced.stderr).toBe(0)
    expect(existsSync(join(out, 'adaptation'))).toBe(false)
    expect(readFileSync(join(out, 'README.md'), 'utf8')).not.toContain('adapted to')
  })

  test('reads the contexts of a data file, one document for each title', async () => {
    const examples = Array.from({ length: 6 }, (_, i) => ({
      ...{ id: `${i}`, title: `article ${i % 2}`, question: '?', context: recurringText(i, 3) },
      answers: [{ text: 'The', answer_start: 0 }],
    }))
    const file = join(folder, 'data.json')
    writeFileSync(file, toSquadJson(examples))
    const { documents, examples: found } = await made(file)
    expect(documents).toBe(2)
    expect(found.map(({ title }: Example) => title)).toContain('data.json: article 1')
  })

  test('writes the questions to a data file that training can use, and never over another file; holds out none with 0', async () => {
    const file = join(folder, 'examples.json')
    const { train, held_out } = await json('adapt', docs, '--examples', file, '--question_style', 'wh')
    const withoutHeldOut = await runHere(...adapting([docs], { held_out: 0, max_steps: 1 }))
    expect(withoutHeldOut.code, withoutHeldOut.stderr).toBe(0)
    expect(withoutHeldOut.stdout).toContain('none to evaluate on')
    const check = await json('data', 'check', file)
    expect(check).toMatchObject({ questions: train + held_out })
    expect((await runHere('adapt', docs, '--examples', file)).stderr).toContain('already exists')
    expect((await runHere('adapt', docs, '--examples', join(folder, 'x.doc'))).stderr).toContain(
      'unsupported extension',
    )
    expect(existsSync(join(folder, 'trainer_output'))).toBe(false)
  })

  itInFull('uses the mask token of the model', async () => {
    const file = join(folder, 'examples.json')
    const model = fixture('postprocess/pipeline-folder')
    await json('adapt', docs, '--examples', file, '--model', model, '--question_style', 'cloze', '--doc_stride', '4')
    expect(readFileSync(file, 'utf8')).toContain('<mask>')
    const { code, stderr } = await runHere(...adapting([docs], { model, max_steps: 1 }))
    expect(code, stderr).toBe(0)
    expect(readFileSync(join(folder, 'out/adaptation/train.jsonl'), 'utf8')).toContain('<mask>')
  })

  test('explains why there are no questions, and what is needed', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    const errorOf = async (...argv: string[]) => {
      const { code, stderr } = await runHere(...argv)
      expect(code).toBeGreaterThan(0)
      return stderr
    }
    expect(await errorOf('adapt', empty, '--dry_run')).toMatch(/found no documents\n.*\.docx/)
    expect(await errorOf('adapt', join(folder, 'none'), '--dry_run')).toMatch(/none: does not exist/)
    writeFileSync(join(empty, 'broken.pdf'), 'x')
    expect(await errorOf('adapt', empty, '--dry_run')).toMatch(
      /no document could be used\n.*\n.*broken\.pdf: not a PDF/,
    )
    writeFileSync(join(empty, 'broken.pdf'), 'x')
    writeFileSync(join(empty, 'japanese.txt'), 'これは日本語の文章です。'.repeat(20))
    expect(await errorOf('adapt', empty, '--dry_run')).toMatch(/japanese\.txt: its language does not separate words/)
    writeFileSync(join(empty, 'list.txt'), 'one\n\ntwo\n\nThis sentence has no twin in the file.')
    expect(await errorOf('adapt', empty, '--dry_run')).toMatch(
      /no question can be made from these documents: 1 document with 1 passage and 3 sentences, of which 1 are prose and not repeated, with 0 spans/,
    )
    expect(await errorOf('adapt', docs, '--output_dir', join(folder, 'out'))).toContain('--model is missing')
    expect(await errorOf('adapt', '--model', tinyFolder, '--output_dir', join(folder, 'out'))).toContain('no documents')
    writeFileSync(join(folder, 'args.json'), '{"train_file": "x.json"}')
    expect(await errorOf(...adapting([docs], { args_file: join(folder, 'args.json') }))).toContain(
      'train_file is not supported',
    )
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  itInFull('starts over after it was killed while it made the questions, and replaces no other files', async () => {
    const out = join(folder, 'out')
    mkdirSync(join(out, 'adaptation'), { recursive: true })
    writeFileSync(join(out, 'adaptation/train.jsonl'), 'half of')
    expect((await runHere(...adapting([docs], { max_steps: 1 }))).code).toBe(0)
    expect((await runHere(...adapting([docs]))).stderr).toContain('contains an earlier run')
    const other = join(folder, 'other')
    mkdirSync(other)
    appendFileSync(join(other, 'mine.txt'), 'x')
    expect((await runHere(...adapting([docs], { output_dir: other }))).stderr).toContain('contains no spanforge run')
    expect(readdirSync(other)).toEqual(['mine.txt'])
  })
})
