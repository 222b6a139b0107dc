/** Memory for packed weights, which the threads of several lanes share. */
import { nativeMemory } from '../../native/koffi.ts'
import type { PackedWeight } from './layouts.ts'
import { roomFor } from './memory.ts'

/** Size of the reserved address range. Linux allocates memory only for the addresses that are used. */
const RESERVED_BYTES = 2 ** 37

/** Maximum number of packed weights of a model. */
const CAPACITY = 2 ** 12

/** Time in milliseconds after which a lane that waits looks again, in case the other one has failed. */
const WAIT_MS = 10

/** What threads need to share packed weights. It can be sent to them. */
export interface PackedMemory {
  readonly base: number
  /** Versions of the parameters, by slot. */
  readonly versions: Int32Array
  /** By packed weight: the version that a lane has begun to pack, and the one that is complete. */
  readonly begun: Int32Array
  readonly done: Int32Array
  /** Descriptor and address of each packed weight. */
  readonly places: BigUint64Array
  /** Bytes that have been allocated. */
  readonly end: BigUint64Array
}

export function reservePacked(slots: number): PackedMemory {
  const integers = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length))
  const pairs = (length: number) => new BigUint64Array(new SharedArrayBuffer(8 * length))
  return {
    base: nativeMemory().reserve(RESERVED_BYTES),
    versions: integers(slots).fill(1),
    ...{ begun: integers(CAPACITY), done: integers(CAPACITY) },
    ...{ places: pairs(2 * CAPACITY), end: pairs(1) },
  }
}

/** Must not be called while a thread still uses it. */
export const freePacked = ({ base }: PackedMemory): void => nativeMemory().unreserve(base, RESERVED_BYTES)

export const changed = ({ versions }: PackedMemory, slot: number): void => void Atomics.add(versions, slot, 1)

/** The packed weights of a model, by number. Each version of a weight is packed by the lane that claims it first. */
export class PackedWeights {
  constructor(private readonly memory: PackedMemory) {}

  version(slot: number): number {
    return Atomics.load(this.memory.versions, slot)
  }

  isDone(i: number, version: number): boolean {
    return Atomics.load(this.memory.done, i) >= version
  }

  /** Whether the caller has to pack this version, and to call `finish` or `abandon` afterwards. */
  claim(i: number, version: number): boolean {
    const { begun } = this.memory
    const before = Atomics.load(begun, i)
    return before < version && Atomics.compareExchange(begun, i, before, version) === before
  }

  finish(i: number, version: number): void {
    const { done } = this.memory
    Atomics.store(done, i, version)
    Atomics.notify(done, i)
  }

  /** Leaves it to whoever claims it next. */
  abandon(i: number): void {
    const { begun, done } = this.memory
    Atomics.store(begun, i, Atomics.load(done, i))
  }

  /** Waits for the lane that has claimed this version. */
  wait(i: number, version: number): void {
    const { done } = this.memory
    const found = Atomics.load(done, i)
    if (found < version) Atomics.wait(done, i, found, WAIT_MS)
  }

  /** Returns where weight i is packed; undefined before it has been packed for the first time. */
  get(i: number): PackedWeight | undefined {
    const [descriptor, address] = this.memory.places.subarray(2 * i, 2 * i + 2)
    return address === 0n ? undefined : { descriptor, address: Number(address) }
  }

  /** Allocates memory for weight i, which the caller has claimed. All lanes use the same descriptor. */
  place(i: number, { descriptor, bytes }: { readonly descriptor: bigint; readonly bytes: number }): PackedWeight {
    const { base, end, places } = this.memory
    const start = Atomics.add(end, 0, BigInt(roomFor(bytes)))
    const address = base + Number(start)
    places.set([descriptor, BigInt(address)], 2 * i)
    return { descriptor, address }
  }
}
