import { UsageError } from '../errors.ts'
import { random } from '../random/random.ts'
import type { Example } from '../squad/types.ts'

/**
 * `count` examples drawn without replacement, in the order of the list. The same seed draws the same ones.
 * @throws UsageError if there are fewer
 */
export function sampleExamples<T extends Example>(examples: readonly T[], count: number, seed: number): T[] {
  if (count > examples.length) throw new UsageError(`${count} of ${examples.length} questions cannot be drawn`)
  const drawn = random(seed, 'sample').permutation(examples.length).subarray(0, count).sort()
  return Array.from(drawn, (i) => examples[i])
}
