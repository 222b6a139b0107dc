/**
 * Trains recipes on real data, for comparison with each other (recipes/list.ts), and writes the result of each to a file.
 *
 *     npx tsx benchmarks/recipes.ts RECIPE[-hour] ... | --all [--seed 42,43,44] [--minutes N | --windows N]
 *       [--until HH:MM | --max_hours N] [--model FOLDER] [--data FOLDER] [--work build/recipes]
 *       [--out benchmarks/results/recipes]
 *
 * A run takes 15 minutes, with -hour an hour, or N minutes, on a machine that trains MiniLM-L6-H384 with 26 windows/s in
 * bfloat16 (README.md). Its length is a number of windows, 23,400 or 93,600, so that it does not depend on what else the
 * machine does. Recipes that take longer for a window see fewer of them and faster ones more, by the measured factor in the
 * list. All runs use oneDNN (ONEDNN_DIR), in bfloat16 where the processor has it.
 *
 * Several recipes are trained one after the other, all with the first seed before any with the next. At the end time (local),
 * the run in progress saves a checkpoint. Interrupted or killed runs are resumed by the same command, and finished ones are
 * not repeated. A run that fails is reported, and the next one starts.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { RECIPES, WINDOWS_PER_MINUTE } from './recipes/list.ts'
import { endTime, queueOf } from './recipes/queue.ts'
import { PRECISION, resultFile, runRecipe } from './recipes/run.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    seed: { type: 'string', default: '42' },
    minutes: { type: 'string' },
    windows: { type: 'string' },
    until: { type: 'string' },
    max_hours: { type: 'string' },
    model: { type: 'string', default: '../shared/models/minilm-l6-h384' },
    data: { type: 'string', default: '../shared/data' },
    work: { type: 'string', default: 'build/recipes' },
    out: { type: 'string', default: 'benchmarks/results/recipes' },
  },
})
const { all, model, data, work, out, until, max_hours } = values
const queue = queueOf(all ? Object.keys(RECIPES) : positionals, values.seed, Object.keys(RECIPES))
const end = endTime({ until, max_hours }, new Date())
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
const timer = end && setTimeout(() => interrupted.abort(), end.getTime() - Date.now())
console.log(
  `${queue.length} ${queue.length === 1 ? 'run' : 'runs'} in ${PRECISION}${end ? `, until ${end.toLocaleString('sv')}` : ''}`,
)

const failed: string[] = []
for (const { asked, seed } of queue) {
  const minutes = values.minutes ?? (asked.endsWith('-hour') ? '60' : '15')
  const windows = Number(values.windows ?? Number(minutes) * WINDOWS_PER_MINUTE)
  if (!(windows >= 1)) throw new Error('--minutes and --windows: expected a number above 0')
  const length = values.windows ? `-${windows}-windows` : values.minutes ? `-${minutes}-minutes` : ''
  const name = `${asked}${length}`
  const file = resultFile({ out, name, seed })
  if (existsSync(file)) {
    console.log(`${file}: already exists`)
    continue
  }
  console.log(`${name}, seed ${seed}`)
  const own = asked.replace(/-hour$/, '')
  const recipe = RECIPES[own]
  const run = { name, recipe, seed, windows, model, data, work, out, signal: interrupted.signal }
  const teacher = recipe.teacher && {
    ...{ ...run, name: name.replace(own, recipe.teacher) },
    ...{ recipe: RECIPES[recipe.teacher], seed: seed + 1 },
  }
  const result = await runRecipe(teacher ? { ...run, teacher } : run).catch((error: Error) => {
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
