/**
 * Computes the lanes in parallel, and the passes of each lane sequentially. Returns the results in the order of the passes.
 * `compute` receives the number of the lane, or undefined for a single lane, which uses all cores. After a failure, no
 * further pass is started, and the error is thrown as soon as the running passes have ended.
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
