/** The thread that processes the second half of flat arrays. */
import { workerData } from 'node:worker_threads'
import { answerCalls } from '../../threads/calls.ts'
import { loopsWith } from './flat-loops.ts'
import { simdKernels } from './flat-memory.ts'
import { mapArrays, plainKernels } from './plain-kernels.ts'

const memory = workerData as WebAssembly.Memory | undefined
const { sumOfSquares, adamw, average, clear } = loopsWith(memory ? simdKernels(memory) : plainKernels)

/** An array of the flat memory that has come from another thread, as an array that the kernels of this thread accept. */
const here = ({ buffer, byteOffset, length }: Float32Array): Float32Array =>
  new Float32Array(memory?.buffer ?? buffer, byteOffset, length)

answerCalls({
  sumOfSquares: (x) => sumOfSquares(here(x)),
  adamw: (arrays, ...rest: [never, never, never]) => adamw(mapArrays(arrays, here), ...rest),
  average: (mean, values, share) => average(here(mean), here(values), share),
  clear,
})
