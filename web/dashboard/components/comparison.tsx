import { bestEvaluation, differingArguments, evaluationsOf, smoothed } from '../../../src/dashboard/figures.ts'
import { decimal } from '../../../src/report/render/format.ts'
import { placeOf } from '../../../src/report/summary/history.ts'
import { axis, compared, place, type Shown } from '../store.ts'
import { Chart } from './chart.tsx'
import type { Line } from './lines.ts'
import { Scrolling } from './scrolling.tsx'

/** The largest number of distinguishable colors. */
const COLORS = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `--run-${n}`)

const CHARTS = [
  { name: 'eval_loss', title: 'Validation loss', digits: 3 },
  { name: 'eval_exact_match', title: 'Exact match (validation, %)', digits: 1 },
  { name: 'eval_f1', title: 'F1 (validation, %)', digits: 1 },
] as const

/** Overlays the curves of several runs and lists the arguments that differ. */
export function RunComparison() {
  const all = compared.value
  const missing = place.value.compare.length - all.length
  const by = axis.value
  const colorAt = (i: number) => COLORS[i % COLORS.length]
  return (
    <section class="comparison" aria-labelledby="comparison-title">
      <h2 id="comparison-title">Comparison</h2>
      {missing > 0 && <p class="nothing">Loading {missing} more …</p>}
      <div class="charts">
        <Chart
          title="Step loss, smoothed"
          fromZero
          xLabel={by}
          format={(value) => decimal(value, 3)}
          lines={all.map((run, i) => trainingLine(run, by, colorAt(i)))}
        />
        {CHARTS.map(({ name, title, digits }) => (
          <Chart
            key={name}
            title={title}
            fromZero
            xLabel={by}
            format={(value) => decimal(value, digits)}
            lines={all.map(({ id, view }, i) => {
              const entries = evaluationsOf(view.log).filter((entry) => entry[name] !== undefined)
              return {
                label: id,
                color: colorAt(i),
                marks: true,
                dash: i >= COLORS.length,
                x: entries.map((entry) => entry[by] as number),
                y: entries.map((entry) => entry[name]!),
              }
            })}
          />
        ))}
      </div>
      <Differences runs={all} colorAt={colorAt} />
    </section>
  )
}

function trainingLine({ id, view: { steps, log } }: Shown, by: 'epoch' | 'step', color: string): Line {
  if (steps.step.length > 0)
    return { label: id, color, x: steps[by], y: smoothed(steps.loss, Math.max(1, steps.step.length / 50)) }
  const entries = log.filter((entry) => entry.loss !== undefined)
  return { label: id, color, x: entries.map((entry) => entry[by] as number), y: entries.map((entry) => entry.loss!) }
}

function Differences({ runs, colorAt }: { readonly runs: readonly Shown[]; readonly colorAt: (i: number) => string }) {
  const differing = differingArguments(runs.map(({ view }) => view.arguments))
  const best = runs.map(({ view }) => bestEvaluation(view))
  return (
    <Scrolling label="Differences">
      <table class="differences">
        <caption>
          {differing.length > 0
            ? 'Best evaluation and arguments that differ'
            : 'Best evaluation; all arguments are the same'}
        </caption>
        <thead>
          <tr>
            <td />
            {runs.map(({ id }, i) => (
              <th scope="col" key={id}>
                <span class="swatch" style={{ '--swatch': `var(${colorAt(i)})` }} /> {id}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {CHARTS.map(({ name, title, digits }) => (
            <tr key={name}>
              <th scope="row">{title}</th>
              {best.map((entry, i) => (
                <td key={runs[i].id}>{decimal(entry?.[name], digits + 1)}</td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">Best evaluation</th>
            {best.map((entry, i) => (
              <td key={runs[i].id}>{entry ? placeOf(entry) : '–'}</td>
            ))}
          </tr>
          {differing.map(({ name, values }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              {values.map((value, i) => (
                <td key={runs[i].id}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}
