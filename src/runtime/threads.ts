import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/**
 * SPANFORGE_THREADS, for machines of which not all cores are ours; else 0: an engine takes every core.
 * @throws UsageError for what is no number of threads
 */
export function threadsByDefault(): number {
  const given = process.env.SPANFORGE_THREADS
  if (given === undefined || given === '') return 0
  const threads = Number(given)
  if (Number.isInteger(threads) && threads >= 0 && threads <= 1024) return threads
  throw new UsageError(
    `SPANFORGE_THREADS: found ${showValue(given)}, expected an integer from 0 (one for each core) to 1024`,
  )
}
