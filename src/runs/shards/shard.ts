import { basename, dirname, join } from 'node:path'
import { UsageError } from '../../errors.ts'
import { showText } from '../../show-value.ts'

/** One of the parts into which a job is divided among processes. */
export interface Shard {
  /** From 1 to `count`. */
  readonly index: number
  readonly count: number
}

const MAX_SHARDS = 100_000
const EXPECTED = 'Expected i/n, such as 3/16, or auto/n in a Kubernetes Indexed Job or a Slurm array.'

/**
 * Reads the value of --shard: `3/16`, `auto/16` with the index of a Kubernetes Indexed Job or a Slurm array, which count
 * from 0, or `auto` with the size of the Slurm array.
 * @throws UsageError for anything else, or if the environment has no index
 */
export function parseShard(text: string, env: NodeJS.ProcessEnv = process.env): Shard {
  const [, index, count] = /^(\d+|auto)(?:\/(\d+))?$/.exec(text.trim()) ?? []
  if (index === undefined || (index !== 'auto' && count === undefined))
    throw new UsageError(`--shard: found ${showText(text)}`, EXPECTED)
  if (index !== 'auto') return checked({ index: Number(index), count: Number(count) }, text)
  const size = count === undefined ? arraySize(env) : Number(count)
  const own = jobIndex(env)
  if (own.index >= size)
    throw new UsageError(
      `--shard ${showText(text)}: ${own.name} is ${own.index}, expected 0 to ${size - 1}`,
      'Number the tasks from 0: completions: n in Kubernetes, --array=0-(n-1) in Slurm.',
    )
  return checked({ index: own.index + 1, count: size }, text)
}

function checked(shard: Shard, text: string): Shard {
  const { index, count } = shard
  if (count >= 1 && count <= MAX_SHARDS && index >= 1 && index <= count) return shard
  throw new UsageError(`--shard: found ${showText(text)}, expected i/n with 1 <= i <= n <= ${MAX_SHARDS}`)
}

function jobIndex(env: NodeJS.ProcessEnv): { readonly name: string; readonly index: number } {
  for (const name of ['JOB_COMPLETION_INDEX', 'SLURM_ARRAY_TASK_ID']) {
    const value = env[name]
    if (value === undefined || value === '') continue
    if (/^\d{1,9}$/.test(value)) return { name, index: Number(value) }
    throw new UsageError(`--shard auto: ${name} is ${showText(value)}, expected an integer of at least 0`)
  }
  throw new UsageError(
    '--shard auto: neither JOB_COMPLETION_INDEX (Kubernetes Indexed Job) nor SLURM_ARRAY_TASK_ID (Slurm array) is set',
    EXPECTED,
  )
}

/** The number of tasks of a Slurm array, which must count from 0 without gaps. */
function arraySize(env: NodeJS.ProcessEnv): number {
  const [count, min, max] = ['COUNT', 'MIN', 'MAX'].map((name) => Number(env[`SLURM_ARRAY_TASK_${name}`] || Number.NaN))
  if (Number.isNaN(count))
    throw new UsageError(
      '--shard auto: the number of shards is unknown, because SLURM_ARRAY_TASK_COUNT is not set',
      'Add it: --shard auto/16.',
    )
  if (min === 0 && max === count - 1) return count
  throw new UsageError(
    `--shard auto: the Slurm array has ${count} tasks from ${min} to ${max}, expected 0 to ${count - 1}`,
    'Number the array from 0 without gaps (--array=0-15). To repeat single tasks, give the number of shards: --shard auto/16.',
  )
}

export const showShard = ({ index, count }: Shard): string => `${index}/${count}`

/** Whether this process computes a unit of the job. Without a shard, it computes all. */
export const isOwn = (shard: Shard | undefined, unit: number): boolean =>
  !shard || unit % shard.count === shard.index - 1

/** The path of a shard's file, next to the output that it is a part of: `shard-03-of-16.answers.jsonl`. */
export function shardPath(output: string, { index, count }: Shard): string {
  const number = String(index).padStart(String(count).length, '0')
  return join(dirname(output), `shard-${number}-of-${count}.${basename(output)}`)
}
