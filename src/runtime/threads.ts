import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/**
 * Reads SPANFORGE_THREADS, which limits the number of cores to use. Returns 0 (all cores) if it is not set.
 * @throws UsageError if the value is not a number of threads
 */
export function threadsByDefault(): number {
  const given = process.env.SPANFORGE_THREADS
  if (given === undefined || given === '') return 0
  const threads = Number(given)
  if (Number.isInteger(threads) && threads >= 0 && threads <= 1024) return threads
  throw new UsageError(`SPANFORGE_THREADS: found ${showValue(given)}, expected an integer from 0 (all cores) to 1024`)
}
