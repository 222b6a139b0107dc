import { fromBfloat16, toBfloat16 } from '../src/bfloat16.ts'
import type { Ranks } from '../src/ranks/ranks.ts'

type Meet = <T>(place: number, value: T) => Promise<T[]>

/** Returns a call in which `size` participants exchange values. */
function meeting(size: number): Meet {
  let arrived: { readonly value: unknown; readonly resolve: (all: unknown[]) => void }[] = []
  return <T>(place: number, value: T): Promise<T[]> =>
    new Promise((resolve) => {
      arrived[place] = { value, resolve: resolve as (all: unknown[]) => void }
      const all = arrived
      if (Object.keys(all).length < size) return
      arrived = []
      for (const one of all) one.resolve(all.map(({ value }) => value))
    })
}

/** Ranks in this process, which meet in each call as processes do. */
export function fakeRanks(size: number, per_host = 1): Ranks[] {
  const meet = meeting(size)
  const hostOf = (rank: number) => Math.floor(rank / per_host)
  const hosts = Array.from({ length: size }, (_, rank) => `host-${hostOf(rank)}`)
  const local = Array.from({ length: hostOf(size - 1) + 1 }, (_, host) => {
    const size_here = hosts.filter((name) => name === `host-${host}`).length
    return { size: size_here, meet: meeting(size_here) }
  })
  return hosts.map((_, rank) => {
    const here = local[hostOf(rank)]
    const local_rank = rank % per_host
    return {
      ...{ rank, size, hosts },
      local: {
        ...{ rank: local_rank, size: here.size },
        gather: (bytes) => here.meet(local_rank, Uint8Array.from(bytes)),
      },
      async sum(values, dtype) {
        const rounded = dtype === 'bf16' ? inBfloat16 : (exact: Float32Array) => exact
        const all = await meet(rank, rounded(values.slice()))
        values.set(rounded(values.map((_, i) => all.reduce((sum, one) => Math.fround(sum + one[i]), 0))))
      },
      async broadcast(values) {
        const [first] = await meet(rank, values.slice())
        values.set(first)
      },
      gather: (bytes) => meet(rank, Uint8Array.from(bytes)),
      close: async () => void (await meet(rank, undefined)),
    }
  })
}

/** Rounds numbers to bfloat16. */
export function inBfloat16(values: Float32Array): Float32Array {
  const halves = new Uint16Array(values.length)
  toBfloat16(values, halves)
  const rounded = new Float32Array(values.length)
  fromBfloat16(halves, rounded)
  return rounded
}
