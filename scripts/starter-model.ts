/**
 * Makes the starter model: trains MiniLM-L6-H384 on SQuAD and TyDi QA, exports it in 8 bits through the export gate and
 * writes its card.
 *
 *     npx tsx scripts/starter-model.ts --output_dir FOLDER [--recipe baseline] [--windows 93600] [--final]
 *       [--squad SOURCE,...] [--tydi SOURCE,...] [--mlqa SOURCE,...] [--test FILE]... [--arguments JSON]
 *
 * A SOURCE is a file, a folder or a name on the hub; by default, the data sets are downloaded from the hub by name. 500 TyDi
 * questions, MLQA and the files of --test are never trained on: --final evaluates the exported model on them, once, for its
 * card. --train_on squad,tydi,mlqa also trains on MLQA. The data of a run are in --work (build/starter), and the same command
 * resumes an interrupted run.
 */
import { parseArgs } from 'node:util'
import { RECIPES } from '../benchmarks/recipes/list.ts'
import { createOutput } from '../src/cli/terminal/output.ts'
import { terminalScreen } from '../src/cli/terminal/screen.ts'
import { makeStarter } from './starter/make-starter.ts'
import { SOURCES, type StarterSource } from './starter/sources.ts'

const BASE = 'sentence-transformers/all-MiniLM-L6-v2'

const { values } = parseArgs({
  options: {
    output_dir: { type: 'string' },
    work: { type: 'string', default: 'build/starter' },
    recipe: { type: 'string', default: 'baseline' },
    windows: { type: 'string', default: '93600' },
    arguments: { type: 'string', default: '{}' },
    squad: { type: 'string' },
    tydi: { type: 'string' },
    mlqa: { type: 'string' },
    test: { type: 'string', multiple: true, default: [] },
    train_on: { type: 'string', default: 'squad,tydi' },
    set_aside: { type: 'string', default: '500' },
    dev: { type: 'string', default: '1000' },
    model: { type: 'string', default: BASE },
    base_name: { type: 'string', default: BASE },
    base_license: { type: 'string', default: 'Apache-2.0' },
    max_megabytes: { type: 'string', default: '28' },
    runtime: { type: 'string', multiple: true },
    final: { type: 'boolean', default: false },
  },
})
const recipe = RECIPES[values.recipe]
if (!recipe)
  throw new Error(`--recipe: unknown recipe ${values.recipe}, expected one of ${Object.keys(RECIPES).join(', ')}`)
if (!values.output_dir) throw new Error('--output_dir is required')
const train_on = values.train_on.split(',') as StarterSource[]
if (!train_on.every((name) => name in SOURCES) || !train_on.includes('tydi'))
  throw new Error('--train_on: expected tydi and others of squad, mlqa')
const placesOf = (text: string | undefined) => text?.split(',')

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
const card = await makeStarter({
  recipe: { ...recipe, name: values.recipe },
  windows: Number(values.windows),
  arguments: JSON.parse(values.arguments),
  places: { squad: placesOf(values.squad), tydi: placesOf(values.tydi), mlqa: placesOf(values.mlqa) },
  tests: values.test,
  train_on,
  sizes: { seed: 42, set_aside: Number(values.set_aside), set_aside_from: 'tydi', dev: Number(values.dev) },
  model: values.model,
  base: { name: values.base_name, license: values.base_license },
  work: values.work,
  output_dir: values.output_dir,
  max_bytes: Number(values.max_megabytes) * 1e6,
  final: values.final,
  runtimes: values.runtime,
  screen: terminalScreen(createOutput(false)),
  signal: interrupted.signal,
})
if (!card) {
  console.log('Interrupted. Run the same command again to resume.')
  process.exitCode = 130
}
