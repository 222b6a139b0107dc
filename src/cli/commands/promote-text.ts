import { count, counted, decimal } from '../../report/render/format.ts'
import { textFacts } from '../../report/render/table.ts'
import { differenceText, METRIC_NAMES, type WorsenedQuestion } from '../../runs/promote/judge.ts'
import type { PromotionResult, PromotionState } from '../../runs/promote/promote.ts'
import { showText } from '../../show-value.ts'
import { modelsText } from './evaluate-text.ts'

/** A detectable loss above this many points calls for more questions. */
const COARSE = 2

/** Formats the comparison and what it means for the served model. */
export function promotionText(found: PromotionResult): string {
  const { metric, outcome, questions, models, old } = found
  const { examples } = models[0]
  const title = outcome === 'no difference found' ? 'No difference found' : `The new model is ${outcome}`
  return [
    modelsText(found),
    '',
    `${title}: ${differenceText(found, found.difference)}.`,
    detectableText(found, examples),
    `${counted(questions.worse, 'question')} got a lower ${METRIC_NAMES[metric]}, ${count(questions.better)} a higher one.`,
    ...questions.examples.map(worsenedText),
    ...(old.reused || found.new.reused ? ['', reusedText(found)] : []),
    ...(found.promoted ? ['', `${found.place} now serves ${found.new.folder} (revision ${found.new.revision}).`] : []),
    ...(found.promoted || found.refusal !== undefined ? [] : ['', `Nothing was changed; ${old.folder} stays in use.`]),
    ...(found.promoted && found.refusal !== undefined ? [`Promoted with --force, although ${found.refusal}.`] : []),
  ].join('\n')
}

function detectableText(
  { metric, detectable_loss: loss, questions: changed }: PromotionResult,
  examples: number,
): string {
  const questions = counted(examples, 'question')
  const name = METRIC_NAMES[metric]
  if (loss > 100) return `The test cannot find any loss with ${questions}. Use more questions.`
  if (changed.worse + changed.better === 0)
    return `All scores are equal. With ${questions}, the test cannot find a loss of less than ${decimal(loss, 1)} ${name} points.`
  const more = loss > COARSE ? ' Use more questions to find smaller ones.' : ''
  return `With ${questions}, the test finds a loss of ${decimal(loss, 1)} ${name} points or more four times in five.${more}`
}

const worsenedText = ({ id, question, expected, old_answer, new_answer }: WorsenedQuestion): string =>
  `  ${showText(id)}: ${showText(question)}\n` +
  `    expected ${expected.map(shown).join(' or ') || 'no answer'}; before ${shown(old_answer)}, now ${shown(new_answer)}`

const shown = (answer: string): string => (answer === '' ? 'no answer' : `"${showText(answer)}"`)

function reusedText({ old, new: next }: PromotionResult): string {
  const whose = old.reused && next.reused ? 'both models' : old.reused ? 'the served model' : 'the new model'
  return `The results of ${whose} come from an earlier evaluation of the same weights on the same questions.`
}

/** Formats which model is served in place of a folder. */
export function promotionStateText({ place, served, before }: PromotionState): string {
  if (!served) return `${place} serves the model in the folder itself; no model was promoted.`
  return textFacts([
    ['Folder', place],
    ['Serves', `${served.folder} (revision ${served.revision}, since ${served.promoted})`],
    ...[...before]
      .reverse()
      .map(({ folder, revision }, i) => [i ? '' : 'Before', `${folder} (revision ${revision})`] as const),
  ])
}
