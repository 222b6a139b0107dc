/**
 * Computes the lanes in parallel, and the passes of each lane in order. Returns the results in the order of the passes.
 * `compute` receives the number of the lane, or undefined for a single lane, which uses all cores. It is called for `ahead`
 * passes of a lane before the first of them has ended, so that the next one is ready when the lane is. After a failure, no
 * further pass is started, and the error is thrown as soon as the running passes have ended.
 */
export async function inLanes<Pass, Result>(
  lanes: readonly (readonly Pass[])[],
  compute: (pass: Pass, i: number, lane?: number) => Promise<Result>,
  ahead = 1,
): Promise<Result[]> {
  const results: Result[][] = lanes.map(() => [])
  let hasFailed = false
  const computing = lanes.flatMap((passes, lane) => {
    const first = lanes.slice(0, lane).flat().length
    const queue = passes.entries()
    return Array.from({ length: ahead }, async () => {
      for (const [i, pass] of queue) {
        if (hasFailed) break
        results[lane][i] = await compute(pass, first + i, lanes.length > 1 ? lane : undefined).catch((error) => {
          hasFailed = true
          throw error
        })
      }
    })
  })
  await Promise.allSettled(computing)
  await Promise.all(computing)
  return results.flat()
}
