import type { Ranks } from '../src/ranks/ranks.ts'

/** Ranks in this process, which meet in each call as processes do. */
export function fakeRanks(size: number): Ranks[] {
  let arrived: { readonly value: unknown; readonly resolve: (all: unknown[]) => void }[] = []
  const meet = <T>(rank: number, value: T): Promise<T[]> =>
    new Promise((resolve) => {
      arrived[rank] = { value, resolve: resolve as (all: unknown[]) => void }
      const all = arrived
      if (Object.keys(all).length < size) return
      arrived = []
      for (const one of all) one.resolve(all.map(({ value }) => value))
    })
  const hosts = Array.from({ length: size }, (_, i) => `host-${i}`)
  return hosts.map((_, rank) => ({
    ...{ rank, size, hosts, local: { rank: 0, size: 1 } },
    async sum(values) {
      const all = await meet(rank, values.slice())
      for (let i = 0; i < values.length; i++) values[i] = all.reduce((sum, one) => Math.fround(sum + one[i]), 0)
    },
    gather: (bytes) => meet(rank, Uint8Array.from(bytes)),
    close: async () => void (await meet(rank, undefined)),
  }))
}
