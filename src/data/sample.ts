import { UsageError } from '../errors.ts'
import { random } from '../random/random.ts'
import type { Example } from '../squad/types.ts'

/**
 * Draws `count` examples without replacement and keeps their order. The same seed draws the same examples.
 * @throws UsageError if there are fewer than `count` examples
 */
export function sampleExamples<T extends Example>(examples: readonly T[], count: number, seed: number): T[] {
  if (count > examples.length) throw new UsageError(`cannot draw ${count} of ${examples.length} questions`)
  const drawn = random(seed, 'sample').permutation(examples.length).subarray(0, count).sort()
  return Array.from(drawn, (i) => examples[i])
}
