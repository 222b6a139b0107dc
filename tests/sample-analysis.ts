import type { AnalysisInput } from '../src/analysis/analyze.ts'
import type { AnswerCandidate } from '../src/squad/answers/answers.ts'
import { exactMatch, f1 } from '../src/squad/metrics/metrics.ts'
import type { Answer, Example, Window } from '../src/squad/types.ts'

/** Text that would inject markup into a page that does not escape it. */
export const hostile = `</script><script>document.title='broken'</script><!--<script><img src=x onerror="document.title='broken'">`

const context = (name: string) =>
  `Dr. Lee of ${name} met four friends in Paris in May. The 4 friends left for Rome. Anna Bell stayed in Paris until June 1990.`

interface Case {
  readonly question: string
  readonly given: readonly string[]
  /** The prediction; if the text occurs twice, the last occurrence. "" means no answer. */
  readonly predicted: string
  /** Whether the context is cut in the middle of the first labeled answer. */
  readonly cut?: boolean
}

/** One case for each class of error except the misaligned label. */
const cases: readonly Case[] = [
  { question: 'Where did the friends go?', given: ['Rome'], predicted: 'Rome' },
  { question: 'Where did they meet?', given: ['Paris'], predicted: 'Paris' },
  { question: 'Why did Anna leave?', given: [], predicted: 'June 1990' },
  { question: 'How many friends were there?', given: ['four'], predicted: '4' },
  { question: 'Who left?', given: ['The 4 friends'], predicted: 'friends left', cut: true },
  { question: 'Until when did she stay?', given: ['June 1990'], predicted: '' },
  { question: 'Who stayed?', given: ['Anna Bell'], predicted: 'Anna Bell stayed' },
  { question: 'When did she leave?', given: ['June 1990'], predicted: '1990' },
  { question: 'Which friends left?', given: ['The 4 friends'], predicted: 'friends left' },
  { question: 'What did Anna do?', given: ['stayed'], predicted: 'until' },
  { question: 'To which town did they go?', given: ['Rome'], predicted: 'Anna Bell' },
  { question: 'Name what they did.', given: ['left for Rome'], predicted: 'stayed' },
]

/**
 * An evaluation of `count` questions, three per context, which cycle through all classes of error. Some contexts
 * contain markup.
 */
export function sampleEvaluation(count: number): AnalysisInput {
  const made = Array.from({ length: count }, (_, i) => sample(i))
  return {
    model: 'sample <model>',
    data: 'sample.json',
    loss: 1.25,
    examples: made.map(({ example }) => example),
    windows: made.flatMap(({ windows }) => windows),
    answers: made.map(({ candidates }) => ({ candidates, null_score: 0, null_odds: 0 })),
    scores: made.map(({ score }) => score),
    calibrated: {
      cross_validated: true,
      confidences: made.map(({ candidates }) => candidates[0].score / 2),
    },
  }
}

function sample(i: number) {
  const { question, given, predicted, cut } = cases[i % cases.length]
  const text = context(i % 9 < 3 ? hostile : `Firm ${Math.floor(i / 3)}`)
  const answers = given.map((gold): Answer => ({ text: gold, answer_start: text.indexOf(gold) }))
  const example: Example = { id: `sample-${i}`, title: `Title ${i % 7}`, question, context: text, answers }
  const middle = cut ? answers[0].answer_start + 2 : text.length
  const windows = [windowOf(i, text, 0, middle), ...(cut ? [windowOf(i, text, middle, text.length)] : [])]
  const start = text.lastIndexOf(predicted)
  const score = 0.05 + 0.9 * (((i * 37) % 100) / 100)
  const best: AnswerCandidate = {
    answer: predicted,
    score,
    logit: 5,
    start_logit: 2,
    end_logit: 3,
    start: predicted ? start : 0,
    end: predicted ? start + predicted.length : 0,
    document: 0,
  }
  const second = { ...best, answer: text.slice(0, 7), score: (1 - score) / 2, start: 0, end: 7 }
  const golds = given.length ? given : ['']
  return {
    example,
    windows,
    candidates: [best, second],
    score: {
      exact_match: Math.max(...golds.map((gold) => exactMatch(predicted, gold))),
      f1: Math.max(...golds.map((gold) => f1(predicted, gold))),
    },
  }
}

/** A window with one token that covers a part of the context. */
const windowOf = (example: number, text: string, start: number, end: number): Window => ({
  example,
  input_ids: Int32Array.of(101, 102, 1000 + (text.length % 7), 102),
  context_start: 2,
  context_end: 3,
  offsets: Int32Array.of(0, 0, 0, 0, start, end, 0, 0),
})
