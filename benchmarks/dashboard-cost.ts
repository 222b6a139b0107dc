/**
 * What the dashboard costs: the same run without it, with it and nobody looking, and with it and pages looking, in
 * turns. Prints the median steps a second of each, and what is lost, as JSON.
 *
 *     npx tsx benchmarks/dashboard-cost.ts [--model FOLDER] [--train_file FILE] [--steps 60] [--rounds 5] [--pages 2]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { watchRun } from '../src/dashboard/index.ts'
import { generateExamples } from '../src/demo/examples.ts'
import { packageFile } from '../src/package-root.ts'
import { fineTune } from '../src/runs/index.ts'
import { noScreen } from '../src/runs/screen.ts'
import { toSquadJson } from '../src/squad/squad-json.ts'
import { parseArguments } from '../src/training/arguments.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: packageFile('examples/embedded/model') },
    train_file: { type: 'string' },
    steps: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '5' },
    pages: { type: 'string', default: '2' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'spanforge-'))
const train_file = values.train_file ?? join(folder, 'train.json')
if (!values.train_file)
  writeFileSync(train_file, toSquadJson(generateExamples({ seed: 1, split: 'train', questions: 2000 })))

type Way = 'without' | 'nobody looks' | 'pages look'

/** Steps a second of one run. */
async function measure(way: Way, round: number): Promise<number> {
  const args = parseArguments(
    {
      model: values.model,
      train_file,
      output_dir: join(folder, `${way}-${round}`),
      max_seq_length: 128,
      doc_stride: 32,
      max_steps: Number(values.steps),
      per_device_train_batch_size: 16,
      logging_steps: 10,
      save_strategy: 'no',
    },
    'benchmark',
  )
  const rate = async (options: Parameters<typeof fineTune>[1]): Promise<number> => {
    const outcome = await fineTune(args, options)
    if (outcome.status !== 'finished') throw new Error('the run did not come to its end')
    return outcome.results.train_steps_per_second
  }
  if (way === 'without') return rate({ screen: noScreen })
  const watched = await watchRun(args, { screen: noScreen, stop: () => {}, port: 0 })
  const pages = way === 'pages look' ? Number(values.pages) : 0
  const readers = Array.from({ length: pages }, async () => {
    const { body } = await fetch(new URL('api/events', watched.address.split('#')[0]))
    const reader = body!.getReader()
    while (!(await reader.read()).done);
  })
  try {
    return await rate(watched.hooks)
  } finally {
    await watched.close()
    await Promise.allSettled(readers)
  }
}

const ways: readonly Way[] = ['without', 'nobody looks', 'pages look']
const rates: Record<Way, number[]> = { without: [], 'nobody looks': [], 'pages look': [] }
// The first run warms the machine up, and counts for nothing.
await measure('without', -1)
for (let round = 0; round < Number(values.rounds); round++)
  for (const way of ways) rates[way].push(await measure(way, round))
rmSync(folder, { recursive: true })

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
const result = ways.map((way) => ({
  way,
  steps_per_second: median(rates[way]),
  cost_percent: 100 * (1 - median(rates[way]) / median(rates.without)),
}))
console.log(JSON.stringify({ steps: Number(values.steps), rounds: Number(values.rounds), result }, null, 2))
