/**
 * Prints the results of recipes.ts as Markdown, a table for each length and precision, best recipe first, each beside its
 * baseline.
 *
 *     npx tsx benchmarks/recipes-table.ts [--results benchmarks/results/recipes] [--curves]
 *
 * Scores are means over seeds. A difference is paired by seed and question: the scores of a question are averaged over the
 * seeds that both recipes have, its interval (95 %) is a bootstrap over questions, and p is that of the randomization test.
 * With --curves, it prints F1 by windows and measured minutes instead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bootstrapDifference } from '../src/squad/metrics/bootstrap.ts'
import { randomizationTest } from '../src/squad/metrics/paired-tests.ts'
import type { RecipeResult } from './recipes/run.ts'

const { values } = parseArgs({
  options: {
    results: { type: 'string', default: 'benchmarks/results/recipes' },
    curves: { type: 'boolean', default: false },
  },
})
const files = existsSync(values.results) ? readdirSync(values.results).filter((name) => name.endsWith('.json')) : []
const results: RecipeResult[] = files.map((name) => JSON.parse(readFileSync(join(values.results, name), 'utf8')))

const row = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`)
const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length

if (values.curves) printCurves()
else
  for (const [title, runs] of groupsOf(results, ({ windows, precision }) => `${windows} windows, ${precision}`)) {
    console.log(`\n${title}:\n`)
    printScores(groupsOf(runs, ({ recipe }) => recipe))
  }

function groupsOf(runs: readonly RecipeResult[], keyOf: (run: RecipeResult) => string): Map<string, RecipeResult[]> {
  const groups = new Map<string, RecipeResult[]>()
  for (const run of runs) groups.set(keyOf(run), [...(groups.get(keyOf(run)) ?? []), run])
  return groups
}

function printScores(byRecipe: ReadonlyMap<string, readonly RecipeResult[]>): void {
  const baseline = byRecipe.get('baseline') ?? []
  row(['recipe', 'what is different', 'seeds', 'loss', 'exact match', 'F1', 'F1 against the baseline (95 %)', 'p'])
  row(['---', '---', '---', '--:', '--:', '--:', '---', '--:'])
  const of = (runs: readonly RecipeResult[], metric: 'loss' | 'exact_match' | 'f1') =>
    meanOf(runs.map(({ final }) => final[metric]))
  const bestFirst = [...byRecipe].sort(([, a], [, b]) => of(b, 'f1') - of(a, 'f1'))
  for (const [name, runs] of bestFirst) {
    const scores = [of(runs, 'loss').toFixed(3), of(runs, 'exact_match').toFixed(1), of(runs, 'f1').toFixed(1)]
    row([name, runs[0].about, runs.map(({ seed }) => seed).join(', '), ...scores, ...comparison(runs, baseline)])
  }
}

/** The paired difference in F1 and its p-value, or nothing for the baseline itself. */
function comparison(runs: readonly RecipeResult[], baseline: readonly RecipeResult[]): string[] {
  const pairs = runs.flatMap((run) => {
    const other = baseline.find(({ seed }) => seed === run.seed)
    return other && other !== run ? [[other, run] as const] : []
  })
  if (pairs.length === 0) return ['', '']
  const [a, b] = [0, 1].map((side) => {
    const scores = pairs.map((pair) => pair[side].questions.f1)
    return scores[0].map((_, i) => meanOf(scores.map((own) => own[i] / 10)))
  })
  const { difference, low, high } = bootstrapDifference(a, b)
  const text = `${signed(difference)} (${signed(low)} to ${signed(high)})`
  return [text, randomizationTest(a, b).toFixed(3)]
}

function signed(x: number): string {
  return `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(1)}`
}

function printCurves(): void {
  row(['run', 'windows', 'minutes', 'loss', 'exact match', 'F1'])
  row(['---', '--:', '--:', '--:', '--:', '--:'])
  for (const { recipe, seed, curve } of results)
    for (const { windows, minutes, loss, exact_match, f1 } of curve)
      row([
        `${recipe}, seed ${seed}`,
        windows.toLocaleString('en-US'),
        minutes.toFixed(1),
        loss.toFixed(3),
        exact_match.toFixed(1),
        f1.toFixed(1),
      ])
}
