import { basename, dirname, join } from 'node:path'
import { acquireLock, type Lock } from '../../files/lock.ts'
import type { SweepSummary, SweepTrial } from '../../report/summary/sweep.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import type { RunLockOptions } from '../../training/checkpoints/run-lock.ts'
import { type Shard, shardPath } from '../shards/shard.ts'
import { manifestPath, writeShardManifest } from '../shards/shard-manifest.ts'

const shardFile = (output_dir: string, shard: Shard): string => shardPath(join(output_dir, 'sweep'), shard)

/** Whether a file in the folder of a sweep belongs to a shard. */
export const isSweepShard = (name: string): boolean => /^shard-\d+-of-\d+\.sweep\.json$/.test(name)

/** Locks one shard of a sweep, while other processes run the others in the same folder. */
export function lockShard(output_dir: string, shard: Shard, options: RunLockOptions): Promise<Lock> {
  const path = manifestPath(shardFile(output_dir, shard))
  const lock = join(dirname(path), `.${basename(path)}.lock`)
  return acquireLock(lock, { ...options, guards: path, remedy: 'choose another --output_dir or --shard' })
}

interface SweepShard {
  readonly shard: Shard
  readonly comparison: Omit<SweepSummary, 'trials'>
  /** Names of the runs of all shards. */
  readonly names: readonly string[]
  /** The runs of this shard. */
  readonly trials: readonly SweepTrial[]
}

/** Records the runs of a shard, once all of them have ended. */
export function writeSweepShard(
  { output_dir, overwrite_output_dir, ...args }: TrainingArguments,
  { shard, comparison, names, trials }: SweepShard,
): Promise<void> {
  return writeShardManifest(shardFile(output_dir, shard), {
    ...{ command: 'sweep', shard, digests: {}, units: names.length },
    settings: { ...args, ...comparison, runs: names },
    facts: { trials },
  })
}
