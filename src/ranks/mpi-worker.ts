/** The thread that makes all calls of MPI, so that signals, pages and progress of the run stay alive. */
import { workerData } from 'node:worker_threads'
import { answerCalls, Handed } from '../threads/calls.ts'
import { bindMpi, type Mpi } from './mpi-library.ts'

/** Numbers in a call of MPI, 64 MiB. */
const BUCKET = 2 ** 24

let mpi: Mpi
let size = 1

const clock = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(clock, 0, 0, milliseconds)

/** Waits for all ranks without keeping a core busy, as the blocking calls of MPI do. */
function meet(): void {
  mpi.startBarrier()
  for (let looks = 0; !mpi.hasPassed(); looks++) if (looks > 100) sleep(Math.min(1, 0.02 * (looks - 100)))
}

answerCalls({
  open() {
    mpi = bindMpi(workerData as string)
    mpi.init()
    size = mpi.size()
    return { rank: mpi.rank(), size }
  },
  sum(address: number, count: number) {
    meet()
    for (let at = 0; at < count; at += BUCKET) mpi.sum(address + 4 * at, Math.min(BUCKET, count - at))
  },
  gather(bytes: Uint8Array) {
    meet()
    const all = mpi.gatherBytes(bytes, size)
    return new Handed(
      all,
      all.map(({ buffer }) => buffer as ArrayBuffer),
    )
  },
  close() {
    meet()
    mpi.finalize()
  },
})
