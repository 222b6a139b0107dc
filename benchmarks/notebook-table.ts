/**
 * Compares the results of benchmarks/notebook-recipe.ts with the same recipe recorded from transformers, as Markdown.
 *
 *     npx tsx benchmarks/notebook-table.ts RECORDED.json... [--results benchmarks/results/notebook-recipe]
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const METRICS = {
  eval_loss_fp32_real_tokens_only: { title: 'loss, real tokens', digits: 3 },
  eval_loss_fp32_padded_384: { title: 'loss, padded', digits: 3 },
  exact_match: { title: 'exact match', digits: 1 },
  f1: { title: 'F1', digits: 1 },
} as const
type Metric = keyof typeof METRICS
type Epoch = Readonly<Record<Metric, number>>

interface Result {
  readonly arguments: { readonly learning_rate: number; readonly seed: number }
  readonly epochs: readonly Epoch[]
}

interface Recorded {
  readonly learning_rate: number
  readonly per_epoch: readonly Epoch[]
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { results: { type: 'string', default: 'benchmarks/results/notebook-recipe' } },
})
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8'))
const files = readdirSync(values.results).filter((name) => name.endsWith('.json'))
const results = files.map((name) => read<Result>(join(values.results, name)))
const recorded = positionals.map((path) => read<Recorded>(path))

const names = Object.keys(METRICS) as Metric[]
const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`
console.log(row('learning rate', 'epoch', '', ...names.map((name) => METRICS[name].title)))
console.log(row('---', '---', '---', ...names.map(() => '--:')))
for (const { learning_rate, per_epoch } of recorded) {
  const runs = results.filter((result) => result.arguments.learning_rate === learning_rate)
  const seeds = runs.map((run) => run.arguments.seed).sort()
  for (const [epoch, reference] of per_epoch.entries()) {
    const cell = (name: Metric) => reference[name].toFixed(METRICS[name].digits)
    console.log(row(String(learning_rate), String(epoch + 1), 'transformers, seed 42', ...names.map(cell)))
    const ours = (name: Metric) =>
      meanAndRange(
        runs.map((run) => run.epochs[epoch][name]),
        METRICS[name].digits,
      )
    console.log(row('', '', `spanforge, seeds ${seeds.join(', ')}`, ...names.map(ours)))
  }
}

function meanAndRange(numbers: readonly number[], digits: number): string {
  if (numbers.length === 0) return 'none'
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
  return `${mean.toFixed(digits)} (${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)})`
}
