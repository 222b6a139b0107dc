/**
 * Measures the calibration of the confidence. It is fitted on questions of some articles and tested on questions of
 * others, each with its own paragraph and with eight other paragraphs around it. Tests one split of the file and other
 * datasets, then random splits of the file by article.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { integerFrom } from '../src/cli/flags/parsers.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { UsageError } from '../src/errors.ts'
import { windowLogits } from '../src/inference/logits.ts'
import { random } from '../src/random/random.ts'
import { columns, textTable } from '../src/report/render/table.ts'
import { loadModel } from '../src/runs/load/load-model.ts'
import { answerExamples } from '../src/squad/answers/answers.ts'
import {
  type ConfidenceModel,
  fitConfidence,
  type JudgedQuestion,
  MIN_QUESTIONS,
} from '../src/squad/answers/confidence.ts'
import { evenlySpaced, inLongTexts } from '../src/squad/long-texts.ts'
import { expectedCalibrationError, type JudgedAnswer, reliabilityBins } from '../src/squad/metrics/calibration.ts'
import { FITTED_TOP_K, judgeGiven, judgeQuestions } from '../src/squad/metrics/judged-questions.ts'
import type { Example } from '../src/squad/types.ts'
import { createWindows } from '../src/squad/windows.ts'

interface Flags {
  readonly shift: readonly string[]
  readonly test: number
  readonly splits: number
  readonly cache?: string
  readonly shift_test: number
  readonly max_seq_length: number
  readonly doc_stride: number
}

interface Asked {
  readonly own: readonly JudgedQuestion[]
  readonly long: readonly JudgedQuestion[]
}

const KINDS = ['own', 'long'] as const
type Kind = (typeof KINDS)[number]
const TITLES = { own: 'own paragraph', long: 'among eight others' }

const RULE = { handle_impossible_answer: false, null_score_diff_threshold: 0 }

await new Command('confidence')
  .argument('<model>', 'model folder')
  .argument('<data>', 'data file; the first questions are for fitting, the last ones for testing')
  .option('--shift <files...>', 'data files that are used only for testing', [])
  .option('--test <integer>', 'questions to test on', integerFrom(1), 600)
  .option('--splits <integer>', 'random splits by article', integerFrom(1), 100)
  .option('--cache <file>', 'file for caching the scored answers of the data file')
  .option('--shift_test <integer>', 'questions of each --shift file', integerFrom(1), 300)
  .option('--max_seq_length <integer>', 'tokens per window', integerFrom(1), 384)
  .option('--doc_stride <integer>', 'tokens that windows share', integerFrom(0), 128)
  .action(async (model: string, data: string, flags: Flags) => {
    const examples = await readExamples([data], {})
    if (examples.length < flags.test + MIN_QUESTIONS)
      throw new UsageError(
        `${data}: ${examples.length} questions, expected at least ${MIN_QUESTIONS} for fitting and ${flags.test} for testing`,
        'Use another file or a lower --test.',
      )
    const ask = await asker(model, flags)
    const asked = await cached(flags.cache, () => ask(examples, examples.length))
    const { own, long } = asked
    // Questions about the paragraph at the boundary of the two parts belong to neither.
    const first = examples.length - flags.test
    const before = examples.findIndex(({ context }) => context === examples[first].context)
    const tests: [string, Asked][] = [[data, { own: own.slice(first), long: long.slice(first) }]]
    for (const file of flags.shift) tests.push([file, await ask(await readExamples([file], {}), flags.shift_test)])
    const sizes = [200, 500, 1000].filter((size) => size <= before)
    const rows = [...sizes, before].flatMap((size) => {
      const fitted = fitOn(asked, evenlySpaced(before, size))
      return tests.flatMap(([name, tested]) =>
        KINDS.map((kind) => [
          String(size),
          name.replace(/^.*\//, ''),
          TITLES[kind],
          ...figures(judge(fitted, tested[kind])),
        ]),
      )
    })
    const titles = ['>ECE', '>by chance', '>ECE, 15 bins', '>by chance', '>equal mass', '>Brier', '>AUC']
    console.log(
      textTable({ columns: columns('>Fitted on', 'Tested on', 'Text', '>Questions', '>Correct', ...titles), rows }),
    )
    const splits = articleSplits(examples, flags.test, flags.splits)
    console.log(
      `\n${splits.length} random splits by article, ${flags.test} questions tested in each, ECE over 10 bins:`,
    )
    const splitTitles = ['>Mean', '>by chance', '>at most 0.05', '>Worst', '>equal mass', '>Brier']
    const splitRows = sizes
      .concat(Number.POSITIVE_INFINITY)
      .flatMap((size) =>
        KINDS.map((kind) => [
          Number.isFinite(size) ? String(size) : 'all others',
          TITLES[kind],
          ...overSplits(asked, splits, size, kind),
        ]),
      )
    console.log(textTable({ columns: columns('>Fitted on', 'Text', ...splitTitles), rows: splitRows }))
  })
  .parseAsync()

async function asker(folder: string, { max_seq_length, doc_stride }: Flags) {
  const { model, tokenizer } = await loadModel(folder)
  const judged = async (examples: readonly Example[]) => {
    const windows = createWindows(tokenizer, examples, { max_seq_length, doc_stride })
    console.error(`${examples.length} questions, ${windows.length} windows`)
    const logits = await windowLogits(model, windows)
    return judgeQuestions(examples, answerExamples(examples, windows, logits, { top_k: FITTED_TOP_K, evidence: true }))
  }
  return async (examples: readonly Example[], count: number): Promise<Asked> => {
    const indices = evenlySpaced(examples.length, count)
    const long = inLongTexts(examples, indices).map(({ example }) => example)
    return { own: await judged(indices.map((i) => examples[i])), long: await judged(long) }
  }
}

/** Reads the scored answers from `file` if it exists; otherwise computes them and writes the file. */
async function cached(file: string | undefined, compute: () => Promise<Asked>): Promise<Asked> {
  if (file && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  const asked = await compute()
  if (file) writeFileSync(file, JSON.stringify(asked))
  return asked
}

function fitOn({ own, long }: Asked, indices: readonly number[]): ConfidenceModel {
  return fitConfidence(indices.flatMap((i) => [own[i], long[i]]))
}

function judge(fitted: ConfidenceModel, questions: readonly JudgedQuestion[]): JudgedAnswer[] {
  return questions.map((question) => judgeGiven(fitted, question, RULE)!)
}

interface Split {
  readonly fitted: readonly number[]
  readonly tested: readonly number[]
}

/** Shuffles the articles. The first ones, up to `test` questions, are for testing; the others are for fitting. */
function articleSplits(examples: readonly Example[], test: number, count: number): Split[] {
  const articles = new Map<string, number[]>()
  for (const [i, { title, context }] of examples.entries()) {
    const article = title ?? context
    articles.set(article, [...(articles.get(article) ?? []), i])
  }
  return Array.from({ length: count }, (_, split) => {
    const draws = random(42, 'articles of a split', split)
    const shuffled = [...articles.values()]
      .map((questions) => ({ questions, place: draws.uniform() }))
      .sort((a, b) => a.place - b.place)
    const tested: number[] = []
    const fitted: number[] = []
    for (const { questions } of shuffled) (tested.length < test ? tested : fitted).push(...questions)
    return { fitted: fitted.sort((a, b) => a - b), tested: tested.slice(0, test) }
  })
}

function overSplits(asked: Asked, splits: readonly Split[], size: number, kind: Kind): string[] {
  const measured = splits.map(({ fitted, tested }) => {
    const model = fitOn(
      asked,
      evenlySpaced(fitted.length, size).map((i) => fitted[i]),
    )
    const answers = judge(
      model,
      tested.map((i) => asked[kind][i]),
    )
    return { error: errorOf(answers), chance: byChance(answers, 10), mass: equalMass(answers), brier: brier(answers) }
  })
  const errors = measured.map(({ error }) => error)
  return [
    mean(errors),
    mean(measured.map(({ chance }) => chance)),
    mean(errors.map((error) => Number(error <= 0.05))),
    Math.max(...errors),
    mean(measured.map(({ mass }) => mass)),
    mean(measured.map(({ brier }) => brier)),
  ].map((value) => value.toFixed(3))
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

function errorOf(answers: readonly JudgedAnswer[], bins = 10): number {
  return expectedCalibrationError(reliabilityBins(answers, bins))
}

/** The mean error of a perfectly calibrated confidence. */
function byChance(answers: readonly JudgedAnswer[], bins: number): number {
  return mean(Array.from({ length: 200 }, (_, draw) => errorOf(perfect(answers, draw), bins)))
}

function brier(answers: readonly JudgedAnswer[]): number {
  return mean(answers.map(({ confidence, correct }) => (confidence - Number(correct)) ** 2))
}

function figures(answers: readonly JudgedAnswer[]): string[] {
  const errors = [10, 15].flatMap((bins) => [errorOf(answers, bins), byChance(answers, bins)])
  return [
    String(answers.length),
    mean(answers.map(({ correct }) => Number(correct))).toFixed(3),
    ...errors.map((error) => error.toFixed(3)),
    equalMass(answers).toFixed(3),
    brier(answers).toFixed(3),
    areaUnderCurve(answers)?.toFixed(3) ?? '-',
  ]
}

/**
 * Simulates answers that are correct exactly as often as their confidences state, to determine the error due to chance.
 */
function perfect(answers: readonly JudgedAnswer[], draw: number): JudgedAnswer[] {
  const draws = random(42, 'perfect confidence', draw)
  return answers.map(({ confidence }) => ({ confidence, correct: draws.uniform() < confidence }))
}

/** Expected calibration error over 15 bins with equal numbers of answers. */
function equalMass(answers: readonly JudgedAnswer[]): number {
  const sorted = answers.toSorted((a, b) => a.confidence - b.confidence)
  const edge = (bin: number) => Math.round((bin * sorted.length) / 15)
  const errors = Array.from({ length: 15 }, (_, bin) =>
    sorted
      .slice(edge(bin), edge(bin + 1))
      .reduce((sum, { confidence, correct }) => sum + confidence - Number(correct), 0),
  )
  return errors.reduce((sum, error) => sum + Math.abs(error), 0) / sorted.length
}

/**
 * The probability that a correct answer has a higher confidence than a wrong one. Undefined unless there are answers of
 * both kinds.
 */
function areaUnderCurve(answers: readonly JudgedAnswer[]): number | undefined {
  const of = (correct: boolean) => answers.filter((one) => one.correct === correct).map(({ confidence }) => confidence)
  const [right, wrong] = [of(true), of(false)]
  if (right.length === 0 || wrong.length === 0) return undefined
  const wins = right.map((a) => wrong.reduce((sum, b) => sum + (a > b ? 1 : a === b ? 0.5 : 0), 0))
  return wins.reduce((a, b) => a + b, 0) / (right.length * wrong.length)
}
