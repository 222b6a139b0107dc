import { cpus } from 'node:os'
import type { InferenceSession } from 'onnxruntime-node'
import { SpanforgeError } from '../errors.ts'
import { apply, type Graph } from '../graph/tensor.ts'
import { type Dialect, lower } from '../lowering/lower.ts'
import { encodeModel } from '../onnx/encode.ts'
import { readMappedModel } from '../onnx/mapped-model.ts'
import { toBytes } from '../protobuf.ts'
import {
  type CompileOptions,
  checkSignature,
  type Engine,
  type Executable,
  MEMORY_REMEDY,
  threadsByDefault,
  type Values,
} from './engine.ts'
import type { EngineEntry } from './engine-entry.ts'
import { HeldValues } from './held-values.ts'

/**
 * Operators that the CPU kernels of ONNX Runtime support beyond standard ONNX: matrix products that transpose and scale
 * their operands.
 */
export const dialect: Dialect = {
  name: 'ONNX Runtime on a CPU',
  rules: {
    'spanforge.MatMul': ({ inputs, outputs: [y], attributes }) => [
      apply({ type: 'FusedMatMul', domain: 'com.microsoft' }, inputs, y, attributes),
    ],
  },
}

/** ONNX Runtime computes the outputs of a graph from the last to the first, each with everything that leads to it. */
const lastFirst = (graph: Graph): Graph => Object.fromEntries(Object.entries(graph).reverse())

const cpuName = (): string => cpus()[0]?.model.trim() ?? 'unknown'

const loadRuntime = () => import('onnxruntime-node')

/** ONNX Runtime on the CPU. The library is loaded when the first graph is compiled. */
export const onnxruntime: Engine = {
  name: 'onnxruntime',
  get device() {
    return `cpu (${cpuName()}, ${cpus().length} cores)`
  },
  precisions: ['float32'],
  lacks: {
    bfloat16: 'ONNX Runtime does not support bfloat16 on a CPU',
    float16: 'ONNX Runtime computes float16 in float32 on a CPU',
  },
  async compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
    const { threads = threadsByDefault(), spin = false, profilePrefix, precision = 'float32' } = options
    if (precision !== 'float32') throw new SpanforgeError(`ONNX Runtime does not support ${precision} on a CPU`)
    const session = await openSession(toBytes(encodeModel(lastFirst(lower(graph, dialect)))), {
      intraOpNumThreads: threads,
      extra: { session: waiting(spin) },
      ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
    })
    return executable(session, profilePrefix !== undefined)
  },
  async open(file, signature) {
    const session = await openFile(file, { intraOpNumThreads: threadsByDefault() })
    try {
      checkSignature(file, { inputs: session.inputNames, outputs: session.outputNames }, signature)
    } catch (error) {
      await session.release()
      throw error
    }
    return { inputs: session.inputNames, ...(await executable(session)) }
  },
}

/** Options that say how threads wait for each other. */
const waiting = (spin: boolean) => ({ intra_op: { allow_spinning: spin ? '1' : '0' } })

/** Opens a model, with its weights mapped into memory if the file allows it. */
function openFile(file: string, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
  const mapped = readMappedModel(file)
  const weights = mapped && { model_external_initializers_file_folder_path: mapped.folder }
  const extra = { session: { ...waiting(false), ...weights } }
  return openSession(mapped?.model ?? file, { ...options, extra }, `${file}: `)
}

async function openSession(model: Uint8Array | string, options: InferenceSession.SessionOptions, from = '') {
  const { InferenceSession } = await loadRuntime()
  // The two types of models are overloads.
  return InferenceSession.create(model as string, {
    executionProviders: ['cpu'],
    // Failures are thrown with the same message.
    logSeverityLevel: 4,
    // Shapes change between runs, and a memory pattern for each would waste memory: 5.3 GB instead of 3.5 GB for
    // BERT-base.
    enableMemPattern: false,
    ...options,
  }).catch((error: Error) => {
    throw new SpanforgeError(`${from}ONNX Runtime cannot load the model: ${error.message}`, { cause: error })
  })
}

async function executable(session: InferenceSession, isProfiled = false): Promise<Executable> {
  const { Tensor } = await loadRuntime()
  const held = new HeldValues(
    [...session.inputNames, ...session.outputNames],
    // Node 24 has Float16Array, which Tensor would use for float16, but which the runtime does not support yet.
    ({ dtype, data, dims }) =>
      dtype === 'float16'
        ? Object.assign(new Tensor('uint16', data, dims), { type: dtype })
        : new Tensor(dtype, data, dims),
  )
  const tensors = (names: readonly string[], values: Values) =>
    Object.fromEntries(names.map((name) => [name, held.get(name, values)]))
  let isReleased = false
  return {
    hold: (values) => held.hold(values),
    // The runtime reads the memory on every run.
    invalidate() {},
    async run(inputs, outputs) {
      if (isReleased) throw new SpanforgeError('runtime: this model has been released')
      held.rejectHeld(inputs, outputs)
      const [fed, fetched] = [tensors(session.inputNames, inputs), tensors(session.outputNames, outputs)]
      await session.run(fed, fetched).catch((error: Error) => Promise.reject(runFailure(error)))
    },
    async release() {
      if (isReleased) return
      isReleased = true
      if (isProfiled) session.endProfiling()
      await session.release()
    },
  }
}

function runFailure(error: Error): SpanforgeError {
  const isMemory = /bad.?alloc|allocate memory|out of memory/i.test(error.message)
  return new SpanforgeError(
    isMemory ? `memory: ONNX Runtime ran out of memory (${error.message})` : `ONNX Runtime failed: ${error.message}`,
    { remedy: isMemory ? MEMORY_REMEDY : undefined, cause: error },
  )
}

export const onnxruntimeEntry: EngineEntry = {
  name: onnxruntime.name,
  title: 'ONNX Runtime',
  devices: ['cpu'],
  precisions: onnxruntime.precisions,
  install: null,
  async inspect() {
    const { env } = await loadRuntime()
    const device = { device: 'cpu', full_name: cpuName(), precisions: onnxruntime.precisions }
    const version = env.versions.node ?? env.versions.common
    return { version, source: 'bundled with spanforge', library: null, devices: [device] }
  },
  open: async () => onnxruntime,
}
