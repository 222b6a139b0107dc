/**
 * The thread that makes all calls of MPI, so that the main thread can still handle signals and requests and show
 * progress.
 */
import { workerData } from 'node:worker_threads'
import { nativeMemory } from '../native/koffi.ts'
import { answerCalls, Handed } from '../threads/calls.ts'
import { Bfloat16Sum } from './bfloat16-sum.ts'
import { bindMpi, type Mpi } from './mpi-library.ts'
import type { ReduceDtype } from './ranks.ts'

/** Numbers in a bucket, which is added up by one call of MPI: 16 MiB, so that the memory of the calls is limited. */
const BUCKET = 2 ** 22

let mpi: Mpi
/** The communicator of the ranks on this host. */
let host: number

const clock = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(clock, 0, 0, milliseconds)

/** Waits for all ranks without keeping a core busy, as the blocking calls of MPI do. */
function meet(communicator = mpi.world): void {
  mpi.startBarrier(communicator)
  for (let looks = 0; !mpi.hasPassed(); looks++) if (looks > 100) sleep(Math.min(1, 0.02 * (looks - 100)))
}

/** Yields the beginning and the length of each bucket of an array. */
function* buckets(count: number): Generator<[at: number, numbers: number]> {
  for (let at = 0; at < count; at += BUCKET) yield [at, Math.min(BUCKET, count - at)]
}

let bfloat16: Bfloat16Sum | undefined

function sumInBfloat16(values: Float32Array): void {
  bfloat16 ??= new Bfloat16Sum(mpi, mpi.size(), BUCKET)
  for (const [at, numbers] of buckets(values.length)) bfloat16.add(values.subarray(at, at + numbers))
}

/** The last array of the main thread that was viewed. The gradients of a run stay where they are. */
let viewed = { address: 0, values: new Float32Array(0) }

function viewOf(address: number, count: number): Float32Array {
  if (viewed.address !== address || viewed.values.length !== count)
    viewed = { address, values: new Float32Array(nativeMemory().view(address, 4 * count)) }
  return viewed.values
}

const handed = (all: Uint8Array[]) =>
  new Handed(
    all,
    all.map(({ buffer }) => buffer as ArrayBuffer),
  )

answerCalls({
  open() {
    mpi = bindMpi(workerData as string)
    mpi.init()
    return { rank: mpi.rank(), size: mpi.size() }
  },
  joinHost(number: number) {
    meet()
    host = mpi.split(number)
  },
  sum(address: number, count: number, dtype: ReduceDtype) {
    meet()
    if (dtype === 'bf16') return sumInBfloat16(viewOf(address, count))
    for (const [at, numbers] of buckets(count)) mpi.sum(address + 4 * at, numbers)
  },
  broadcast(address: number, count: number) {
    meet()
    for (const [at, numbers] of buckets(count)) mpi.broadcast(address + 4 * at, 4 * numbers)
  },
  gather(bytes: Uint8Array) {
    meet()
    return handed(mpi.gatherBytes(bytes))
  },
  gatherOnHost(bytes: Uint8Array) {
    meet(host)
    return handed(mpi.gatherBytes(bytes, host))
  },
  meet: () => meet(),
  close: () => mpi.finalize(),
})
