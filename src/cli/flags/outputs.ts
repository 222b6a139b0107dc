import type { Command } from 'commander'
import { parseShard, type Shard } from '../../runs/shards/shard.ts'
export interface OverwriteFlag {
  readonly overwrite?: boolean
}

export const withOverwriteFlag = (command: Command): Command =>
  command.option('--overwrite', 'replace existing output files (input files are never replaced)')

export interface ShardFlag {
  readonly shard?: Shard
}

/** Adds --shard, which divides a command among processes. */
export const withShardFlag = (command: Command): Command =>
  command.option(
    '--shard <i/n>',
    'compute part i of n, such as 3/16, then run spanforge merge; auto/n in a Kubernetes Indexed Job or a Slurm array',
    (text) => parseShard(text),
  )
