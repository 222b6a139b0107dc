import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import type { SweepSummary, SweepTrial } from '../../report/summary/sweep.ts'
import { DATA_ARGUMENTS } from '../../training/checkpoints/run-digests.ts'
import { checkShards, type FoundShard, modified, partOf } from '../shards/shard-manifest.ts'
import { summaryOf, writeSweep } from './sweep.ts'

/** What `spanforge merge --json` prints about a sweep. */
export interface MergedSweep extends SweepSummary {
  readonly command: 'sweep'
}

const SETTINGS = z.object({
  parameters: z.array(z.string()),
  metric: z.string(),
  greater_is_better: z.boolean(),
  runs: z.array(z.string()),
})

const FACTS = z.object({
  trials: z.array(
    z.object({
      name: z.string(),
      values: z.record(z.string(), z.unknown()),
      status: z.enum(['finished', 'failed', 'not run yet']),
      error: z.string().optional(),
      metrics: z.record(z.string(), z.number()).optional(),
      digests: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

/** Writes the table and the report of a sweep whose runs were divided into shards. */
export async function mergeSweep(output_dir: string, found: readonly FoundShard[]): Promise<MergedSweep> {
  const shards = await checkShards(found)
  const { runs, ...comparison } = partOf(shards[0], 'settings', SETTINGS)
  const trials = shards.flatMap((shard): SweepTrial[] => partOf(shard, 'facts', FACTS).trials)
  const byName = new Map(trials.map((trial) => [trial.name, trial]))
  const missing = runs.filter((name) => !byName.has(name))
  if (missing.length > 0) throw modified(`${shards[0].manifest}: no shard has the run ${missing[0]}`)
  rejectDifferentData(trials)
  const sweep = summaryOf({ ...comparison, trials: runs.map((name) => byName.get(name)!) })
  await writeSweep(output_dir, sweep)
  return { command: 'sweep', ...sweep }
}

/** @throws SpanforgeError if two runs with the same arguments for data and base model had different files */
function rejectDifferentData(trials: readonly SweepTrial[]): void {
  const known = new Map<string, SweepTrial>()
  for (const trial of trials) {
    if (!trial.digests) continue
    const key = JSON.stringify(DATA_ARGUMENTS.map((name) => trial.values[name]))
    const other = known.get(key) ?? trial
    known.set(key, other)
    const differing = Object.keys(trial.digests).filter((name) => trial.digests?.[name] !== other.digests?.[name])
    if (differing.length > 0)
      throw new SpanforgeError(
        `${other.name} and ${trial.name} cannot be compared, because these differ: ${differing.join(', ')}`,
        { remedy: 'Use the same data and base model on all machines, and run the sweep again.' },
      )
  }
}
