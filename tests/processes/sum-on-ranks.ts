/**
 * Adds up and broadcasts an array that is longer than what one call of MPI takes (16 MiB), on the ranks of an MPI job. The
 * first rank prints the number of wrong values on all ranks.
 */
import { withRanks } from '../../src/cli/terminal/with-ranks.ts'
import { gatherNumbers } from '../../src/ranks/ranks.ts'

const LENGTH = 2 ** 22 + 1001

await withRanks(async (ranks) => {
  const { rank, size } = ranks!
  const valuesOf = (rank: number) => Float32Array.from({ length: LENGTH }, (_, i) => (i % 7) + 10 * rank)
  const countWrong = (values: Float32Array, expected: (i: number) => number) =>
    values.reduce((count, value, i) => count + Number(value !== expected(i)), 0)
  const wrong: Record<string, number> = {}
  // Small integers are exact in bfloat16, too.
  for (const dtype of ['float32', 'bf16'] as const) {
    const values = valuesOf(rank)
    await ranks!.sum(values, dtype)
    wrong[dtype] = countWrong(values, (i) => size * (i % 7) + 5 * size * (size - 1))
  }
  const values = valuesOf(rank)
  await ranks!.broadcast(values)
  wrong.broadcast = countWrong(values, (i) => i % 7)
  for (const [name, count] of Object.entries(wrong))
    wrong[name] = (await gatherNumbers(ranks!, count)).reduce((sum, one) => sum + one)
  if (rank === 0) console.log(JSON.stringify(wrong))
})
