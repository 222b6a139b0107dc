import { dimensions, dimensionTexts } from '../dimensions.ts'
import { classTexts } from '../error-class-texts.ts'
import type { Analysis, AnalyzedQuestion } from '../types.ts'
import { contextView } from './context-view.ts'
import { element, formatShare } from './dom.ts'

/** An entry of the list. It shows question and answer; the details are rendered when it is opened. */
export function questionView({ contexts }: Analysis, question: AnalyzedQuestion): HTMLElement {
  const context = contexts[question.context]
  const right = question.exact_match === 1
  const summary = element(
    'summary',
    {},
    element(
      'span',
      { class: `verdict ${right ? 'right' : 'wrong'}` },
      `${right ? '✓' : '✗'} ${classTexts[question.class].title}`,
    ),
    element('span', { class: 'sure' }, `probability ${formatShare(question.confidence)}`),
    element('span', { class: 'question', dir: 'auto' }, question.question),
    element(
      'span',
      { class: 'answered' },
      'Predicted ',
      quoted(predictionOf(question, context.text)),
      right ? '' : ', labeled ',
      right ? '' : labeledAnswers(question),
    ),
  )
  const view = element('details', { class: 'example' }, summary)
  view.addEventListener('toggle', () => {
    if (view.open && view.childElementCount === 1) view.append(opened(question, context.title, context.text))
  })
  return element('li', {}, view)
}

const predictionOf = ({ candidates }: AnalyzedQuestion, text: string): string =>
  text.slice(candidates[0].start, candidates[0].end)

const quoted = (text: string): HTMLElement =>
  text ? element('bdi', { class: 'quoted' }, text) : element('em', {}, 'no answer')

function labeledAnswers({ answers }: AnalyzedQuestion): HTMLElement {
  const texts = [...new Set(answers.map(({ text }) => text))]
  if (texts.length === 0) return quoted('')
  return element('span', {}, ...texts.flatMap((text, i) => (i ? [' or ', quoted(text)] : [quoted(text)])))
}

function opened(question: AnalyzedQuestion, title: string | undefined, text: string): HTMLElement {
  let selected: number | undefined
  let context = contextView(text, question)
  const buttons = question.candidates.map((candidate, i) => {
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': 'false' },
      quoted(text.slice(candidate.start, candidate.end)),
      bar(candidate.score),
      element('span', { class: 'number' }, formatShare(candidate.score, 1)),
    )
    button.addEventListener('click', () => {
      selected = selected === i ? undefined : i
      for (const [j, other] of buttons.entries()) other.setAttribute('aria-pressed', String(j === selected))
      const redrawn = contextView(text, question, selected)
      context.replaceWith(redrawn)
      context = redrawn
    })
    return button
  })
  return element(
    'div',
    { class: 'opened' },
    ...(title ? [element('p', { class: 'title' }, title)] : []),
    context,
    element('h4', {}, 'Best answers and their probabilities'),
    element('ol', { class: 'candidates' }, ...buttons.map((button) => element('li', {}, button))),
    facts(question),
  )
}

function bar(share: number): HTMLElement {
  const fill = element('span', { class: 'fill' })
  fill.style.width = `${(100 * share).toFixed(1)}%`
  return element('span', { class: 'bar', 'aria-hidden': 'true' }, fill)
}

function facts(question: AnalyzedQuestion): HTMLElement {
  const { id, exact_match, f1, confidence, calibrated_confidence, windows, class: name } = question
  const rows: [string, string][] = [
    ['Class', classTexts[name].explanation],
    ['Exact match, F1', `${formatShare(exact_match)}, ${formatShare(f1, 1)}`],
    [
      'Confidence',
      formatShare(confidence, 1) +
        (calibrated_confidence === undefined ? '' : `, fitted ${formatShare(calibrated_confidence, 1)}`),
    ],
    ['Windows', windows.map(({ start, end }, i) => `${i + 1}: characters ${start} to ${end}`).join('; ')],
    ...dimensions.map((dimension): [string, string] => [dimensionTexts[dimension].title, question.groups[dimension]]),
    ['ID', id],
  ]
  return element('dl', {}, ...rows.flatMap(([term, text]) => [element('dt', {}, term), element('dd', {}, text)]))
}
