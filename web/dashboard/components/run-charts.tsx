import { bestEvaluation, evaluationsOf, smoothed } from '../../../src/dashboard/figures.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { byteSize, decimal, setting } from '../../../src/report/render/format.ts'
import { placeOf } from '../../../src/report/summary/history.ts'
import { axis } from '../store.ts'
import { Chart } from './chart.tsx'
import type { Line } from './lines.ts'

const loss = (value: number): string => decimal(value, value >= 10 ? 1 : 3)
const score = (value: number): string => decimal(value, 1)
const rate = (value: number): string => decimal(value, value >= 100 ? 0 : 1)
const small = (value: number): string => setting(Number(value.toPrecision(3)))

/** Charts of the losses and scores. */
export function LearningCurves({ view }: { readonly view: RunView }) {
  const { log } = view
  const by = axis.value
  const evaluated = evaluationsOf(log)
  const best = bestEvaluation(view)
  const metric = `eval_${view.arguments.metric_for_best_model ?? 'loss'}`
  const ring = (name: string, text: string) => {
    const y = best?.[name]
    if (best === undefined || y === undefined || metric !== name) return undefined
    return { x: best[by] as number, y, label: `best: ${placeOf(best)}, ${text}` }
  }
  const evaluations = (name: string): Pick<Line, 'x' | 'y' | 'marks'> => ({
    x: evaluated.map((entry) => entry[by] as number),
    y: evaluated.map((entry) => entry[name] ?? null),
    marks: true,
  })
  return (
    <div class="charts">
      <Chart
        {...axisOf(view)}
        title="Loss"
        fromZero
        format={loss}
        lines={[
          ...trainingLines(view, by),
          { label: 'validation', color: '--validation', dash: true, ...evaluations('eval_loss') },
        ]}
        circled={ring('eval_loss', `loss ${loss(best?.eval_loss ?? 0)}`)}
      />
      <Chart
        {...axisOf(view)}
        title="Exact match and F1 (validation, %)"
        format={score}
        fromZero
        lines={[
          { label: 'exact match', color: '--exact', ...evaluations('eval_exact_match') },
          { label: 'F1', color: '--f1', dash: true, ...evaluations('eval_f1') },
        ].filter(({ y }) => y.some((value) => value !== null))}
        circled={
          ring('eval_exact_match', `exact match ${score(best?.eval_exact_match ?? 0)}`) ??
          ring('eval_f1', `F1 ${score(best?.eval_f1 ?? 0)}`)
        }
      />
    </div>
  )
}

/** Charts of the optimizer, speed and memory per step. */
export function StepCurves({ view }: { readonly view: RunView }) {
  const { steps } = view
  const by = axis.value
  const x = steps[by]
  const perSecond = steps.samples.map((samples, i) => samples / steps.seconds[i])
  const plain = { fromZero: true, ...axisOf(view) }
  const line = (label: string, values: Pick<Line, 'x' | 'y'>): Line[] => [{ label, color: '--plain', ...values }]
  return (
    <section aria-labelledby="steps-title">
      <h2 id="steps-title">Step by step</h2>
      <div class="charts">
        <Chart
          {...plain}
          title="Learning rate"
          format={small}
          lines={line('learning rate', logged(view, by, 'learning_rate'))}
        />
        <Chart
          {...plain}
          title="Gradient norm, before clipping"
          format={loss}
          lines={line('gradient norm', logged(view, by, 'grad_norm'))}
        />
        {x.length > 0 && (
          <>
            <Chart
              {...plain}
              title="Speed"
              format={rate}
              lines={line('samples/s', { x, y: smoothed(perSecond, halfLife(x.length)) })}
            />
            <Chart
              {...plain}
              title="Memory of the process"
              format={byteSize}
              lines={line('memory', { x, y: steps.memory })}
            />
          </>
        )}
      </div>
    </section>
  )
}

/** The horizontal axis, which spans the whole planned run. */
function axisOf({ max_steps, steps_per_epoch }: RunView): { xLabel: string; until: number } {
  if (axis.value === 'step') return { xLabel: 'step', until: max_steps }
  return { xLabel: 'epoch', until: steps_per_epoch ? max_steps / steps_per_epoch : 0 }
}

/** Half-life for smoothing: a fiftieth of the run. */
const halfLife = (points: number): number => Math.max(1, points / 50)

/** The loss of every step with its moving average if steps were recorded, else the logged training loss. */
function trainingLines({ steps, log }: RunView, by: 'epoch' | 'step'): Line[] {
  if (steps.step.length > 0)
    return [
      { label: 'step loss', color: '--training', faint: true, x: steps[by], y: steps.loss },
      {
        label: 'step loss, smoothed',
        color: '--training',
        x: steps[by],
        y: smoothed(steps.loss, halfLife(steps.step.length)),
      },
    ]
  const entries = log.filter((entry) => entry.loss !== undefined)
  return [
    {
      label: 'training loss',
      color: '--training',
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
