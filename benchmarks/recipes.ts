/**
 * Trains a recipe on real data, for comparison with others (recipes/list.ts), and writes its result to a file.
 *
 *     npx tsx benchmarks/recipes.ts RECIPE[-hour] [--seed 42] [--minutes N | --windows N] [--model FOLDER] [--data FOLDER]
 *       [--work build/recipes] [--out benchmarks/results/recipes]
 *
 * A run takes 15 minutes, with -hour an hour, or N minutes, on a machine that trains MiniLM-L6-H384 with 26 windows/s in
 * bfloat16 (README.md). Its length is a number of windows, 23,400 or 93,600, so that it does not depend on what else the
 * machine does. Recipes that take longer for a window see fewer of them and faster ones more, by the measured factor in the
 * list. Interrupted or killed runs are resumed by the same command, and finished ones are not repeated. All runs use oneDNN in
 * bfloat16 (ONEDNN_DIR).
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { RECIPES, WINDOWS_PER_MINUTE } from './recipes/list.ts'
import { resultFile, runRecipe } from './recipes/run.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '42' },
    minutes: { type: 'string' },
    windows: { type: 'string' },
    model: { type: 'string', default: '../shared/models/minilm-l6-h384' },
    data: { type: 'string', default: '../shared/data' },
    work: { type: 'string', default: 'build/recipes' },
    out: { type: 'string', default: 'benchmarks/results/recipes' },
  },
})
const [asked = ''] = positionals
const recipe = RECIPES[asked.replace(/-hour$/, '')]
if (!recipe) throw new Error(`give a recipe: ${Object.keys(RECIPES).join(', ')}, or one of them with -hour`)
const { model, data, work, out, minutes = asked.endsWith('-hour') ? '60' : '15' } = values
const windows = Number(values.windows ?? Number(minutes) * WINDOWS_PER_MINUTE)
if (!(windows >= 1)) throw new Error('--minutes and --windows: expected a number above 0')
const length = values.windows ? `-${windows}-windows` : values.minutes ? `-${minutes}-minutes` : ''
const name = `${asked}${length}`
const seed = Number(values.seed)
if (existsSync(resultFile({ out, name, seed }))) console.log(`${resultFile({ out, name, seed })}: already exists`)
else {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const run = { name, recipe, seed, windows, model, data, work, out }
  const result = await runRecipe({ ...run, signal: interrupted.signal })
  console.log(result ? JSON.stringify(result.final) : 'Interrupted. Run the same command again to resume.')
  if (!result) process.exitCode = 130
}
