import { bestEvaluation, evaluationsOf, smoothed } from '../../../src/dashboard/figures.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { bytes, decimal, setting } from '../../../src/report/format.ts'
import { placeOf } from '../../../src/report/history.ts'
import type { LogEntry } from '../../../src/report/run-summary.ts'
import { axis } from '../store.ts'
import { Chart } from './chart.tsx'
import type { Line } from './lines.ts'

const loss = (value: number): string => decimal(value, value >= 10 ? 1 : 3)
const score = (value: number): string => decimal(value, 1)
const rate = (value: number): string => decimal(value, value >= 100 ? 0 : 1)
const small = (value: number): string => setting(Number(value.toPrecision(3)))

/** All curves of one run. */
export function RunCharts({ view }: { readonly view: RunView }) {
  const { steps, log } = view
  const by = axis.value
  const x = steps[by]
  const xOf = (entries: readonly LogEntry[]) => entries.map((entry) => entry[by] as number)
  const until = by === 'step' ? view.max_steps : view.steps_per_epoch ? view.max_steps / view.steps_per_epoch : 0
  const common = { xLabel: by, until }
  const evaluated = evaluationsOf(log)
  const best = bestEvaluation(view)
  const metric = `eval_${view.arguments.metric_for_best_model ?? 'loss'}`
  const ring = (name: string, text: string) => {
    const y = best?.[name]
    if (best === undefined || y === undefined || metric !== name) return undefined
    return { x: best[by] as number, y, label: `best: ${placeOf(best)}, ${text}` }
  }
  const evaluations = (name: string): Pick<Line, 'x' | 'y' | 'marks'> => ({
    x: xOf(evaluated),
    y: evaluated.map((entry) => entry[name] ?? null),
    marks: true,
  })
  const training = trainingLines(view, by)
  const rates = smoothed(
    steps.samples.map((samples, i) => samples / steps.seconds[i]!),
    halfLife(x.length),
  )
  return (
    <div class="charts">
      <Chart
        {...common}
        title="Loss"
        fromZero
        format={loss}
        lines={[...training, { label: 'validation', colour: '--validation', dash: true, ...evaluations('eval_loss') }]}
        circled={ring('eval_loss', `loss ${loss(best?.eval_loss ?? 0)}`)}
      />
      <Chart
        {...common}
        title="Exact match and F1 (validation, %)"
        format={score}
        fromZero
        lines={[
          { label: 'exact match', colour: '--exact', ...evaluations('eval_exact_match') },
          { label: 'F1', colour: '--f1', dash: true, ...evaluations('eval_f1') },
        ].filter(({ y }) => y.some((value) => value !== null))}
        circled={
          ring('eval_exact_match', `exact match ${score(best?.eval_exact_match ?? 0)}`) ??
          ring('eval_f1', `F1 ${score(best?.eval_f1 ?? 0)}`)
        }
      />
      <Chart
        {...common}
        title="Learning rate"
        fromZero
        format={small}
        lines={[{ label: 'learning rate', colour: '--plain', ...logged(view, by, 'learning_rate') }]}
      />
      <Chart
        {...common}
        title="Gradient norm, before clipping"
        fromZero
        format={loss}
        lines={[{ label: 'gradient norm', colour: '--plain', ...logged(view, by, 'grad_norm') }]}
      />
      {x.length > 0 && (
        <>
          <Chart
            {...common}
            title="Speed"
            fromZero
            format={rate}
            lines={[{ label: 'samples/s', colour: '--plain', x, y: rates }]}
          />
          <Chart
            {...common}
            title="Memory of the process"
            fromZero
            format={bytes}
            lines={[{ label: 'memory', colour: '--plain', x, y: steps.memory }]}
          />
        </>
      )}
    </div>
  )
}

/** A fiftieth of the run: calm, and still quick to turn. */
const halfLife = (points: number): number => Math.max(1, points / 50)

/** Every step where those were recorded, with a moving mean; else the means that were logged. */
function trainingLines({ steps, log }: RunView, by: 'epoch' | 'step'): Line[] {
  if (steps.step.length > 0)
    return [
      { label: 'each step', colour: '--training', faint: true, x: steps[by], y: steps.loss },
      { label: 'training', colour: '--training', x: steps[by], y: smoothed(steps.loss, halfLife(steps.step.length)) },
    ]
  const entries = log.filter((entry) => entry.loss !== undefined)
  return [
    {
      label: 'training',
      colour: '--training',
      x: entries.map((entry) => entry[by] as number),
      y: entries.map((entry) => entry.loss!),
    },
  ]
}

function logged(
  { steps, log }: RunView,
  by: 'epoch' | 'step',
  name: 'learning_rate' | 'grad_norm',
): Pick<Line, 'x' | 'y'> {
  if (steps.step.length > 0) return { x: steps[by], y: steps[name] }
  const entries = log.filter((entry) => entry[name] !== undefined)
  return { x: entries.map((entry) => entry[by] as number), y: entries.map((entry) => entry[name]!) }
}
