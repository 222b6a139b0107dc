import { Command } from 'commander'
import { wholeNumber } from '../src/cli/flags.ts'
import { columns, textTable } from '../src/cli/table.ts'
import { readExamples } from '../src/data/read-examples.ts'
import { UsageError } from '../src/errors.ts'
import { windowLogits } from '../src/inference/logits.ts'
import { random } from '../src/random/random.ts'
import { loadModel } from '../src/runs/load-model.ts'
import { answerExamples } from '../src/squad/answers.ts'
import { expectedCalibrationError, type JudgedAnswer, reliabilityBins } from '../src/squad/calibration.ts'
import { fitConfidence, type JudgedQuestion, LEAST_QUESTIONS } from '../src/squad/confidence.ts'
import { FITTED_TOP_K, judgeGiven, judgeQuestions } from '../src/squad/judged-questions.ts'
import { evenlySpaced, inLongTexts } from '../src/squad/long-texts.ts'
import type { Example } from '../src/squad/types.ts'
import { makeWindows } from '../src/squad/windows.ts'

/**
 * How well the confidence is calibrated: fitted on questions of some articles, tested on questions of others, each with
 * its own paragraph and with eight paragraphs around it, and on other data sets.
 */

interface Flags {
  readonly shift: readonly string[]
  readonly test: number
  readonly shiftTest: number
  readonly max_seq_length: number
  readonly doc_stride: number
}

interface Asked {
  readonly own: readonly JudgedQuestion[]
  readonly long: readonly JudgedQuestion[]
}

const RULE = { handle_impossible_answer: false, null_score_diff_threshold: 0 }

await new Command('confidence')
  .argument('<model>', 'model folder')
  .argument('<data>', 'data file, whose last questions are tested on and whose first ones are fitted on')
  .option('--shift <files...>', 'data files that are only tested on', [])
  .option('--test <integer>', 'questions to test on', wholeNumber(1), 600)
  .option('--shift-test <integer>', 'questions of each --shift file', wholeNumber(1), 300)
  .option('--max_seq_length <integer>', 'tokens of a window', wholeNumber(1), 384)
  .option('--doc_stride <integer>', 'tokens that windows share', wholeNumber(0), 128)
  .action(async (model: string, data: string, flags: Flags) => {
    const examples = await readExamples([data], {})
    if (examples.length < flags.test + LEAST_QUESTIONS)
      throw new UsageError(
        `${data}: ${examples.length} questions, expected at least ${LEAST_QUESTIONS} to fit on and ${flags.test} to test on`,
        'Give another file, or a lower --test.',
      )
    const ask = await asker(model, flags)
    const { own, long } = await ask(examples, examples.length)
    // Questions about the paragraph where the two parts meet are in neither.
    const first = examples.length - flags.test
    const before = examples.findIndex(({ context }) => context === examples[first].context)
    const tests: [string, Asked][] = [[data, { own: own.slice(first), long: long.slice(first) }]]
    for (const file of flags.shift) tests.push([file, await ask(await readExamples([file], {}), flags.shiftTest)])
    const sizes = [200, 500, 1000].filter((size) => size <= before)
    const rows = [...sizes, before].flatMap((size) => {
      const fitted = fitConfidence(evenlySpaced(before, size).flatMap((i) => [own[i], long[i]]))
      return tests.flatMap(([name, asked]) =>
        (['own', 'long'] as const).map((kind) => [
          String(size),
          name.replace(/^.*\//, ''),
          kind === 'own' ? 'own paragraph' : 'eight around it',
          ...figures(asked[kind].map((question) => judgeGiven(fitted, question, RULE)!)),
        ]),
      )
    })
    const titles = ['>ECE', '>by chance', '>ECE, 15 bins', '>by chance', '>equal mass', '>Brier', '>AUC']
    console.log(
      textTable({ columns: columns('>Fitted on', 'Tested on', 'Text', '>Questions', '>Right', ...titles), rows }),
    )
  })
  .parseAsync()

async function asker(folder: string, { max_seq_length, doc_stride }: Flags) {
  const { model, tokenizer } = await loadModel(folder)
  const judged = async (examples: readonly Example[]) => {
    const windows = makeWindows(tokenizer, examples, { max_seq_length, doc_stride })
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

function figures(answers: readonly JudgedAnswer[]): string[] {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const draws = Array.from({ length: 200 }, (_, draw) => perfect(answers, draw))
  const errors = [10, 15].flatMap((bins) => {
    const error = (judged: readonly JudgedAnswer[]) => expectedCalibrationError(reliabilityBins(judged, bins))
    return [error(answers), mean(draws.map(error))]
  })
  const right = answers.map(({ correct }) => Number(correct))
  return [
    String(answers.length),
    mean(right).toFixed(3),
    ...errors.map((error) => error.toFixed(3)),
    equalMass(answers).toFixed(3),
    mean(answers.map(({ confidence }, i) => (confidence - right[i]) ** 2)).toFixed(3),
    areaUnderCurve(answers)?.toFixed(3) ?? '-',
  ]
}

/** The same confidences, right exactly as often as they say: what of the error is chance. */
function perfect(answers: readonly JudgedAnswer[], draw: number): JudgedAnswer[] {
  const draws = random(42, 'perfect confidence', draw)
  return answers.map(({ confidence }) => ({ confidence, correct: draws.uniform() < confidence }))
}

/** Expected calibration error over 15 bins of equally many answers. */
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

/** The probability that a right answer has a higher confidence than a wrong one; undefined without answers of both kinds. */
function areaUnderCurve(answers: readonly JudgedAnswer[]): number | undefined {
  const of = (correct: boolean) => answers.filter((one) => one.correct === correct).map(({ confidence }) => confidence)
  const [right, wrong] = [of(true), of(false)]
  if (right.length === 0 || wrong.length === 0) return undefined
  const wins = right.map((a) => wrong.reduce((sum, b) => sum + (a > b ? 1 : a === b ? 0.5 : 0), 0))
  return wins.reduce((a, b) => a + b, 0) / (right.length * wrong.length)
}
