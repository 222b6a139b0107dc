import { dimensionTexts } from '../dimensions.ts'
import { classTexts } from '../error-class-texts.ts'
import type { Analysis } from '../types.ts'
import { type Html, html } from './html-text.ts'

type Choice = readonly [value: string, text: string]

/** The filter form and the list of questions. The names of its fields are also used in the address. */
export function questionSection({ classes, breakdowns }: Analysis): Html {
  const classChoices = classes.flatMap((summary): Choice[] =>
    summary.count > 0 ? [[summary.class, `${classTexts[summary.class].title} (${summary.count})`]] : [],
  )
  const results: Choice[] = [
    ['right', 'Right (exact match)'],
    ['wrong', 'Wrong'],
  ]
  const orders: Choice[] = [
    ['surest', 'Most confident first'],
    ['unsurest', 'Least confident first'],
    ['worst', 'Lowest F1 first'],
  ]
  return html`<form id="filters" role="search" aria-label="Filter the questions">
<label class="wide">Words in question, answer, context or ID <input type="search" name="text" autocomplete="off"></label>
${select('result', 'Result', 'All', results)}
${select('class', 'Class', 'All', classChoices)}
${breakdowns.map(({ dimension, groups }) =>
  select(
    dimension,
    dimensionTexts[dimension].title,
    'All',
    groups.map(({ label, count }): Choice => [label, `${label} (${count})`]),
  ),
)}
<fieldset><legend>Confidence in percent</legend><label>from <input type="number" name="from" min="0" max="100" step="any" placeholder="0"></label> <label>to <input type="number" name="to" min="0" max="100" step="any" placeholder="100"></label></fieldset>
${select('sort', 'Order', 'As in the data', orders)}
<button type="reset">Show all</button>
</form>
<noscript><aside><p>The list of questions requires JavaScript, which is disabled. The script is part of this file and loads nothing.</p></aside></noscript>
<p><output id="question-count" form="filters"></output></p>
<p class="legend">Marks in a context: <mark class="gold">labeled answer</mark> <mark class="prediction begins ends">prediction</mark> <mark class="gold prediction begins ends">both</mark> <mark class="candidate">selected candidate</mark> <span class="edge">[2</span> start of window 2 <span class="edge">1]</span> end of window 1</p>
<ol id="question-list"></ol>
<button type="button" id="more-questions" hidden></button>`
}

const select = (name: string, title: string, all: string, choices: readonly Choice[]): Html =>
  html`<label>${title} <select name="${name}"><option value="">${all}</option>${choices.map(
    ([value, text]) => html`<option value="${value}">${text}</option>`,
  )}</select></label>`
