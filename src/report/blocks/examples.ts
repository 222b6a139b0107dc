import { showText } from '../../show-value.ts'
import { type Block, heading, literal, paragraph, table } from '../render/document.ts'
import { decimal } from '../render/format.ts'
import { columns } from '../render/table.ts'
import type { ExampleAnswer } from '../summary/run.ts'

/** Maximum number of right answers, and of wrong answers, to show. */
const EACH = 3

/** Maximum length of a question or an answer in characters. */
const MAX_LENGTH = 160

/** Picks some right and some wrong answers, spread evenly over the questions. */
export function chooseExamples(answers: readonly ExampleAnswer[]): ExampleAnswer[] {
  const isRight = ({ exact_match }: ExampleAnswer) => exact_match === 1
  return [answers.filter(isRight), answers.filter((answer) => !isRight(answer))].flatMap((kind) => spread(kind))
}

const spread = <T>(all: readonly T[]): T[] =>
  all.length <= EACH ? [...all] : Array.from({ length: EACH }, (_, i) => all[Math.floor((i * all.length) / EACH)])

/** A table of example answers of the saved model. */
export function exampleBlocks(examples: readonly ExampleAnswer[] = []): Block[] {
  if (examples.length === 0) return []
  return [
    heading('Example answers'),
    paragraph('Answers of the saved model to some validation questions, right ones first.'),
    table({
      columns: columns('Result', 'Question', 'Answer of the model', 'Correct answers', '>F1'),
      rows: examples.map(({ question, answer, correct, exact_match, f1 }) => [
        exact_match === 1 ? 'right' : 'wrong',
        shown(question),
        answerText(answer),
        [...new Set(correct.length > 0 ? correct.map(answerText) : [NO_ANSWER])].slice(0, EACH).join(' / '),
        decimal(100 * f1),
      ]),
      wrapped: true,
    }),
  ]
}

const NO_ANSWER = '(no answer)'

const answerText = (answer: string): string => (answer.trim() === '' ? NO_ANSWER : shown(answer))

const shown = (text: string): string => literal(showText(text.replace(/\s+/g, ' ').trim(), MAX_LENGTH))
