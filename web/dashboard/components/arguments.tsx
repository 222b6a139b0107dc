import { argumentText } from '../../../src/dashboard/figures.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { count, counted } from '../../../src/report/render/format.ts'

/** The model, data and arguments of a run. */
export function Arguments({ view }: { readonly view: RunView }) {
  const { model, data, device } = view
  const given = Object.entries(view.arguments).filter(([, value]) => value !== null)
  if (given.length === 0 && !model) return null
  const facts: [string, string | undefined][] = [
    [
      'model',
      model &&
        `${model.name}: ${counted(model.layers, 'layer')} of ${count(model.hidden)}, ${count(model.parameters)} parameters`,
    ],
    ['training data', data && splitText(data.train)],
    ['validation data', data?.validation && splitText(data.validation)],
    ['device', device],
  ]
  return (
    <section aria-labelledby="arguments-title">
      <h2 id="arguments-title">Model, data and arguments</h2>
      <dl class="facts">
        {facts.map(
          ([name, text]) =>
            text && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ),
        )}
      </dl>
      <details>
        <summary>All arguments</summary>
        <dl class="arguments">
          {given.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{argumentText(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  )
}

const splitText = ({ questions, windows, tokens }: { questions: number; windows: number; tokens: number }): string =>
  `${counted(questions, 'question')} in ${counted(windows, 'window')}, ${count(tokens)} tokens`
