/**
 * Computes the passes of each lane one after the other, and the lanes at the same time. A single lane has no number,
 * because it has the machine to itself. Returns the results in the order of the passes. After a failure, no further pass
 * begins, and it is thrown when those that have begun have ended.
 */
export async function inLanes<Pass, Result>(
  lanes: readonly (readonly Pass[])[],
  compute: (pass: Pass, i: number, lane?: number) => Promise<Result>,
): Promise<Result[]> {
  let hasFailed = false
  const computing = lanes.map(async (passes, lane) => {
    const results: Result[] = []
    const first = lanes.slice(0, lane).flat().length
    for (const [i, pass] of passes.entries()) {
      if (hasFailed) break
      results.push(
        await compute(pass, first + i, lanes.length > 1 ? lane : undefined).catch((error) => {
          hasFailed = true
          throw error
        }),
      )
    }
    return results
  })
  await Promise.allSettled(computing)
  return (await Promise.all(computing)).flat()
}
