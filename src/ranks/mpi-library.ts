import { SpanforgeError } from '../errors.ts'
import { nativeMemory } from '../native/koffi.ts'

const RTLD_NOW_GLOBAL = 0x102
const THREAD_SERIALIZED = 2

/** Values of MPI's constants, which differ between the two binary interfaces. */
interface Constants {
  /** The C type of handles. */
  readonly handle: 'int' | 'intptr_t'
  readonly world: number
  readonly float: number
  readonly byte: number
  readonly sum: number
  readonly in_place: number
  readonly ignore_status: number
}

/** MPICH, Intel MPI, MVAPICH and Cray MPI share an interface with fixed numbers. */
const MPICH: Constants = {
  ...{ handle: 'int', world: 0x44000000, float: 0x4c00040a, byte: 0x4c00010d, sum: 0x58000003 },
  ...{ in_place: -1, ignore_status: 1 },
}

export type Mpi = ReturnType<typeof bindMpi>

/**
 * Loads an MPI library. All calls must be made by the thread that loads it. MPI ends the process if a call fails.
 * @throws SpanforgeError if the file is not an MPI library
 */
export function bindMpi(file: string) {
  try {
    return bind(file)
  } catch (error) {
    throw new SpanforgeError(`${file}: cannot be loaded as an MPI library: ${(error as Error).message}`, {
      remedy: 'Reinstall it, or set SPANFORGE_MPI to the path of the library that belongs to mpirun.',
      cause: error,
    })
  }
}

function bind(file: string) {
  const { ffi, addressOf } = nativeMemory()
  const c = ffi.load(null)
  const opened = c.func('dlopen', 'void *', ['const char *', 'int'])(file, RTLD_NOW_GLOBAL)
  const dlsym = c.func('dlsym', 'void *', ['void *', 'const char *'])
  const symbol = (name: string) => Number(dlsym(opened, name) ?? 0)
  // In Open MPI, handles are the addresses of objects.
  const constants: Constants = symbol('ompi_mpi_comm_world')
    ? {
        handle: 'intptr_t',
        world: symbol('ompi_mpi_comm_world'),
        float: symbol('ompi_mpi_float'),
        byte: symbol('ompi_mpi_byte'),
        sum: symbol('ompi_mpi_op_sum'),
        ...{ in_place: 1, ignore_status: 0 },
      }
    : MPICH
  const lib = ffi.load(file)
  const [P, H] = ['intptr_t', constants.handle]
  const call = (name: string, types: string[]) => lib.func(`MPI_${name}`, 'int', types)
  const { world, float, byte, sum, in_place, ignore_status } = constants

  const init = call('Init_thread', [P, P, 'int', P])
  const commRank = call('Comm_rank', [H, P])
  const commSize = call('Comm_size', [H, P])
  const ibarrier = call('Ibarrier', [H, P])
  const test = call('Test', [P, P, P])
  const allreduce = call('Allreduce', [P, P, 'int', H, H, H])
  const allgather = call('Allgather', [P, 'int', H, P, 'int', H, H])
  const allgatherv = call('Allgatherv', [P, 'int', H, P, P, P, H, H])
  const alltoall = call('Alltoall', [P, 'int', H, P, 'int', H, H])
  const bcast = call('Bcast', [P, 'int', H, 'int', H])
  const split = call('Comm_split', [H, 'int', 'int', P])
  const finalize = call('Finalize', [])
  const result = new Int32Array(1)
  const resultAddress = addressOf(result)
  const read = (f: (...args: number[]) => unknown, ...args: number[]): number => {
    f(...args, resultAddress)
    return result[0]
  }
  let alive: ArrayBufferView[] = []
  const request = new BigInt64Array(1)
  const requestAddress = addressOf(request)

  return {
    /** The communicator of all ranks. */
    world,
    init: () => read(init, 0, 0, THREAD_SERIALIZED),
    rank: () => read(commRank, world),
    size: () => read(commSize, world),
    /** Creates a communicator of the ranks that pass the same number, in their order. */
    split(color: number): number {
      const created = new BigInt64Array(1)
      split(world, color, 0, addressOf(created))
      return constants.handle === 'int' ? new Int32Array(created.buffer)[0] : Number(created[0])
    },
    /** Starts a barrier; `hasPassed` returns whether all ranks have reached it. */
    startBarrier(communicator: number): void {
      // This reference also keeps the array alive, of which MPI knows only the address.
      request[0] = 0n
      ibarrier(communicator, requestAddress)
    },
    hasPassed(): boolean {
      test(requestAddress, resultAddress, ignore_status)
      return result[0] !== 0
    },
    sum: (address: number, count: number) => void allreduce(in_place, address, count, float, sum, world),
    /** Sends part i of an array to rank i; `received` gets the part of each rank, by rank. Parts have `bytes` bytes. */
    exchange(sent: Uint16Array, received: Uint16Array, bytes: number): void {
      alltoall(addressOf(sent), bytes, byte, addressOf(received), bytes, byte, world)
    },
    /** Sends an array to all ranks; `received` gets the arrays of all, by rank. */
    collect(sent: Uint16Array, received: Uint16Array): void {
      allgather(addressOf(sent), sent.byteLength, byte, addressOf(received), sent.byteLength, byte, world)
    },
    /** Sends bytes of the first rank to all others. */
    broadcast: (address: number, bytes: number) => void bcast(address, bytes, byte, 0, world),
    gatherBytes(bytes: Uint8Array, communicator = world): Uint8Array[] {
      const size = read(commSize, communicator)
      const own = Int32Array.of(bytes.length)
      // Arrays whose addresses are passed must live until the calls return.
      alive = [own, bytes]
      const counts = new Int32Array(size)
      allgather(addressOf(own), 4, byte, addressOf(counts), 4, byte, communicator)
      const starts = new Int32Array(size)
      let total = 0
      for (const [i, count] of counts.entries()) {
        starts[i] = total
        total += count
        if (total > 2 ** 31 - 1) throw new SpanforgeError(`MPI: the ranks exchange more than ${2 ** 31 - 1} bytes`)
      }
      const all = new Uint8Array(Math.max(1, total))
      const sent = bytes.length > 0 ? bytes : new Uint8Array(1)
      alive.push(counts, starts, sent, all)
      allgatherv(
        ...([addressOf(sent), bytes.length, byte] as const),
        ...([addressOf(all), addressOf(counts), addressOf(starts), byte, communicator] as const),
      )
      const received = Array.from(counts, (count, i) => all.slice(starts[i], starts[i] + count))
      alive = []
      return received
    },
    finalize: () => void finalize(),
  }
}
