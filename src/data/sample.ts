import { UsageError } from '../errors.ts'
import { random } from '../random/random.ts'
import type { Example } from '../squad/types.ts'

/**
 * So many examples drawn without putting back, in the order of the list. The same seed draws the same.
 * @throws UsageError where there are not so many
 */
export function sampleExamples(examples: readonly Example[], count: number, seed: number): Example[] {
  if (count > examples.length) throw new UsageError(`${count} of ${examples.length} questions cannot be drawn`)
  const drawn = random(seed, 'sample').permutation(examples.length).subarray(0, count).sort()
  return Array.from(drawn, (i) => examples[i])
}
