import { bestEvaluation, evaluationsOf, latestRates, smoothed } from '../../../src/dashboard/figures.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { byteSize, count, decimal, setting } from '../../../src/report/render/format.ts'
import { placeOf } from '../../../src/report/summary/history.ts'
import { isLive, pulse } from '../store.ts'

interface Tile {
  readonly label: string
  readonly value: string | undefined
  readonly note?: string
}

/** The current metrics of a run. */
export function Tiles({ view }: { readonly view: RunView }) {
  const { steps, log } = view
  const last = evaluationsOf(log).at(-1)
  const best = bestEvaluation(view)
  const rates = latestRates(view)
  const live = isLive.value ? pulse.value : undefined
  const logged = log.findLast((entry) => entry.loss !== undefined)
  const loss = smoothed(steps.loss.slice(-200), 15).at(-1) ?? logged?.loss
  const rate = steps.learning_rate.at(-1) ?? logged?.learning_rate
  const norm = steps.grad_norm.at(-1) ?? logged?.grad_norm
  const memory = live?.memory ?? steps.memory.at(-1)
  const peak = live?.peak_memory ?? (steps.memory.length > 0 ? Math.max(...steps.memory) : undefined)
  // The best model is chosen by one metric, so it can be worse than the latest by another.
  const bestNote = (name: string, digits: number) =>
    best && last && best !== last
      ? `best model: ${decimal(best[name], digits)}, ${placeOf(best)}`
      : last && placeOf(last)
  const tiles: Tile[] = [
    { label: 'Exact match', value: last && percent(last.eval_exact_match), note: bestNote('eval_exact_match', 1) },
    { label: 'F1', value: last && percent(last.eval_f1), note: bestNote('eval_f1', 1) },
    { label: 'Validation loss', value: last && decimal(last.eval_loss, 4), note: bestNote('eval_loss', 4) },
    {
      label: 'Step loss',
      value: loss === undefined ? undefined : decimal(loss, 4),
      note: 'moving average',
    },
    { label: 'Learning rate', value: rate === undefined ? undefined : setting(Number(rate.toPrecision(3))) },
    { label: 'Gradient norm', value: norm === undefined ? undefined : decimal(norm, 3), note: 'before clipping' },
    {
      label: 'Samples per second',
      value: rates && decimal(rates.samples, 1),
      note: rates && `${count(rates.tokens)} tokens/s`,
    },
    {
      label: 'Memory',
      value: memory === undefined ? undefined : byteSize(memory),
      note: peak === undefined ? undefined : `peak ${byteSize(peak)}`,
    },
  ]
  return (
    <dl class="tiles">
      {tiles.map(({ label, value, note }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {value ?? '–'}
            {value !== undefined && note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

const percent = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${decimal(value, 1)} %`
