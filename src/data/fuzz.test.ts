import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { exhaustiveOr, thoroughOr } from '../../tests/thorough.ts'
import { SpanforgeError } from '../errors.ts'
import type { Example } from '../squad/types.ts'
import { readExamples } from './read-examples.ts'
import { writeExamples } from './write-examples.ts'

/** Texts in scripts with joiners, stacked marks, right-to-left order or astral characters; quotes and line endings. */
const SCRIPTS = [
  'aé',
  'ß ',
  'e\u0301',
  'שלום',
  'مرحبا',
  'नमस्ते',
  '한국',
  '漢字',
  '😀',
  '👩‍👩‍👧',
  '𝔘𠀀',
  '\n',
  '\r',
  '"',
  ',',
  '\t',
  '\\',
  '\u2028',
  '\ufeff',
]
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...SCRIPTS), maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const piece = text.filter((value) => value.length > 0)

const examples: fc.Arbitrary<Example[]> = fc
  .array(
    fc.record({
      title: fc.option(piece, { nil: undefined }),
      question: text.filter((question) => question.trim() !== ''),
      before: text,
      answer: fc.option(piece),
      after: text,
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((rows) =>
    rows.map(({ title, question, before, answer, after }, i) => ({
      id: `${i}"`,
      ...(title !== undefined && { title }),
      question,
      context: before + (answer ?? '') + after,
      answers: answer === null ? [] : [{ text: answer, answer_start: before.length }],
    })),
  )

function expectRightSlices(read: readonly Example[]): void {
  for (const { context, answers } of read)
    for (const { text, answer_start } of answers)
      expect(context.slice(answer_start, answer_start + text.length)).toBe(text)
}

const FORMATS = ['json', 'jsonl', 'csv', 'tsv', 'parquet', 'jsonl.gz'] as const
/** 10,000 cases in total, half of them in CI, and a twentieth in a quick run. Each run draws other cases. */
const [VALID, BROKEN, TYPES] = exhaustiveOr([3000, 5000, 2000], thoroughOr([1500, 2500, 1000], [150, 250, 100]))

describe('random files', () => {
  it('read back unchanged in every format', async () => {
    const folder = temporaryFolder()
    await fc.assert(
      fc.asyncProperty(examples, fc.constantFrom(...FORMATS), async (written, format) => {
        const path = join(folder, `x.${format}`)
        await writeExamples(path, written, { overwrite: true })
        const read = await readExamples(path)
        expect(read).toEqual(written)
        expectRightSlices(read)
      }),
      { numRuns: VALID },
    )
  }, 600_000)

  it('that are corrupted are read with correct spans or rejected with a message, but never crash', async () => {
    const folder = temporaryFolder()
    const damage = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(30),
      insert: fc.uint8Array({ maxLength: 8 }),
      cut: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        examples,
        fc.constantFrom(...FORMATS),
        damage,
        async (written, format, { at, remove, insert, cut }) => {
          const path = join(folder, `x.${format}`)
          await writeExamples(path, written, { overwrite: true })
          const bytes = readFileSync(path)
          const from = Math.floor(at * bytes.length)
          const rest = cut ? Buffer.alloc(0) : bytes.subarray(from + remove)
          writeFileSync(path, Buffer.concat([bytes.subarray(0, from), insert, rest]))
          await expectWords(path)
        },
      ),
      { numRuns: BROKEN },
    )
  }, 600_000)

  it('with values of every type in every field are read with correct spans or rejected with a message', async () => {
    const path = join(temporaryFolder(), 'x')
    const value = fc.oneof(fc.jsonValue(), fc.nat(6), text, fc.constantFrom(['a'], [0], ['a', ''], [1e300, -1, 0.5]))
    const field = <T>(right: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 4, arbitrary: right as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: value })
    const answer = fc.record({ text: field(fc.constantFrom('a', '😀')), answer_start: field(fc.nat(4)) })
    const lists = fc.record({ text: field(fc.array(text)), answer_start: field(fc.array(fc.nat(4))) })
    const question = { id: field(text), question: field(text), is_impossible: field(fc.boolean()) }
    const context = field(fc.constant('a😀a😀a'))
    const qa = fc.record({ ...question, answers: field(fc.array(answer)) })
    const paragraph = fc.record({ context, qas: field(fc.array(field(qa))) })
    const article = fc.record({ title: field(text), paragraphs: field(fc.array(field(paragraph))) })
    const row = fc.record({ ...question, context, answers: field(fc.oneof(lists, fc.array(answer))) })
    const file = fc.oneof(fc.record({ data: field(fc.array(field(fc.oneof(article, row)))) }), row)
    await fc.assert(
      fc.asyncProperty(file, async (content) => {
        writeFileSync(path, JSON.stringify(content))
        await expectWords(path)
      }),
      { numRuns: TYPES },
    )
  }, 600_000)
})

/** Checks that strict and lenient reading return correct examples or throw a proper error. */
async function expectWords(path: string): Promise<void> {
  const strict = await readExamples(path).catch((error) => error)
  if (Array.isArray(strict)) expectRightSlices(strict)
  else expect(strict).toBeInstanceOf(SpanforgeError)
  const problems: unknown[] = []
  const lenient = await readExamples(path, { report: (problem) => problems.push(problem) })
  expectRightSlices(lenient)
  if (Array.isArray(strict)) expect(lenient).toEqual(strict)
  else expect(problems.length).toBeGreaterThan(0)
}
