import type { TextSpan } from '../../squad/types.ts'
import type { AnalyzedQuestion } from '../types.ts'
import { element } from './dom.ts'
import { type Layer, segments } from './segments.ts'

const names: Readonly<Record<string, string>> = {
  gold: 'labeled answer',
  prediction: 'prediction',
  candidate: 'selected candidate',
}

/** Shows a context with its labeled answers, the prediction, a selected candidate and window boundaries marked. */
export function contextView(text: string, question: AnalyzedQuestion, candidate?: number): HTMLElement {
  const { answers, candidates, windows } = question
  const layers: Layer[] = [
    ...answers.map(({ text: gold, start }) => ({ name: 'gold', start, end: start + gold.length })),
    { name: 'prediction', ...candidates[0] },
    ...(candidate === undefined ? [] : [{ name: 'candidate', ...candidates[candidate] }]),
  ]
  const borders = windows.length > 1 ? windows : []
  const cuts = borders.flatMap(({ start, end }) => [start, end])
  const view = element('p', { class: 'context', dir: 'auto' })
  for (const segment of segments(text.length, layers, cuts)) {
    borders.forEach(({ start }, i) => {
      if (start === segment.start) view.append(edge(`[${i + 1}`, `window ${i + 1} begins`))
    })
    view.append(piece(text.slice(segment.start, segment.end), segment.names, endsOf(segment, candidates[0])))
    borders.forEach(({ end }, i) => {
      if (end === segment.end) view.append(edge(`${i + 1}]`, `window ${i + 1} ends`))
    })
  }
  return view
}

const edge = (text: string, title: string) => element('span', { class: 'edge', title }, text)

/** Marks the first and last piece of a prediction that spans several segments, so that one frame surrounds them. */
function endsOf(segment: TextSpan, prediction: TextSpan): string[] {
  const begins = segment.start === prediction.start ? ['begins'] : []
  return segment.end === prediction.end ? [...begins, 'ends'] : begins
}

function piece(text: string, layers: readonly string[], ends: readonly string[]): Node | string {
  if (layers.length === 0) return text
  return element(
    'mark',
    { class: [...layers, ...ends].join(' '), title: layers.map((name) => names[name]).join(' and ') },
    text,
  )
}
