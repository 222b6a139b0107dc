/**
 * Trains recipes on real data, for comparison with each other (recipes/list.ts), and writes the result of each to a file.
 *
 *     npx tsx benchmarks/recipes.ts RECIPE ... | --all [--seed 42,43,44] [--windows 23400] [--until HH:MM | --max_hours N]
 *       [--model FOLDER] [--data FOLDER] [--work build/recipes] [--out benchmarks/results/recipes]
 *
 * The length of a run is a number of windows, so that it does not depend on what else the machine does (README.md). Recipes that
 * take longer for a window see fewer of them and faster ones more, by the measured factor in the list. All runs use oneDNN
 * (ONEDNN_DIR), in bfloat16 where the processor has it.
 *
 * Several recipes are trained one after the other, all with the first seed before any with the next. At the end time (local),
 * the run in progress saves a checkpoint. Interrupted or killed runs are resumed by the same command, and finished ones are
 * not repeated. A run that fails is reported, and the next one starts.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { RECIPES } from './recipes/list.ts'
import { endTime, queueOf } from './recipes/queue.ts'
import { PRECISION, resultFile, runRecipe } from './recipes/run.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    seed: { type: 'string', default: '42' },
    windows: { type: 'string', default: '23400' },
    until: { type: 'string' },
    max_hours: { type: 'string' },
    model: { type: 'string', default: '../shared/models/minilm-l6-h384' },
    data: { type: 'string', default: '../shared/data' },
    work: { type: 'string', default: 'build/recipes' },
    out: { type: 'string', default: 'benchmarks/results/recipes' },
  },
})
const { all, model, data, work, out, until, max_hours } = values
const windows = Number(values.windows)
const queue = queueOf(all ? Object.keys(RECIPES) : positionals, values.seed, Object.keys(RECIPES))
if (!(Number.isInteger(windows) && windows > 0))
  throw new Error(`--windows ${values.windows}: expected an integer above 0`)
const end = endTime({ until, max_hours }, new Date())
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
const timer = end && setTimeout(() => interrupted.abort(), end.getTime() - Date.now())
console.log(
  `${queue.length} ${queue.length === 1 ? 'run' : 'runs'} in ${PRECISION}${end ? `, until ${end.toLocaleString('sv')}` : ''}`,
)

const failed: string[] = []
for (const { recipe: name, seed } of queue) {
  const recipe = RECIPES[name]
  const run = { name, recipe, seed, windows, model, data, work, out, signal: interrupted.signal }
  const teacher = recipe.teacher && { ...run, name: recipe.teacher, recipe: RECIPES[recipe.teacher], seed: seed + 1 }
  if (existsSync(resultFile(run))) {
    console.log(`${resultFile(run)}: already exists`)
    continue
  }
  console.log(`${name}, seed ${seed}`)
  const result = await runRecipe(teacher ? { ...run, teacher } : run).catch((error: Error) => {
    if (interrupted.signal.aborted) return
    if (queue.length === 1) throw error
    console.error(`${name}, seed ${seed} failed: ${error.message}`)
    failed.push(`${name}, seed ${seed}`)
  })
  if (result) console.log(JSON.stringify(result.final))
  if (interrupted.signal.aborted) break
}
clearTimeout(timer)
if (interrupted.signal.aborted) {
  console.log('Interrupted. Run the same command again to resume.')
  process.exitCode = 130
} else if (failed.length > 0) {
  console.error(`${failed.length} of ${queue.length} runs failed: ${failed.join('; ')}`)
  process.exitCode = 1
}
