import { cpus } from 'node:os'
import { SpanforgeError } from '../../errors.ts'
import type { Graph } from '../../graph/tensor.ts'
import type { FoundLibrary } from '../../native/find-library.ts'
import type { CompileOptions, Engine, Executable, Precision } from '../engine.ts'
import type { EngineFacts } from '../engine-entry.ts'
import { OneDnnExecutable } from './executable.ts'
import { findOneDnn } from './find.ts'
import { LENGTH_MULTIPLE } from './kernels/attention.ts'
import { AMX, AVX512, AVX512_BF16, bindOnednn, hasInstructions, type Library } from './library.ts'
import { programOf } from './program.ts'

const INSTALL = 'pip install onednn-cpu-gomp'

/** Tokens of a pass are padded to a multiple of this, so that few shapes occur: each costs a millisecond to compile. */
const TOKEN_MULTIPLE = 32

/** A gradient is also added up in this many sums, so the result does not depend on the number of cores. */
const LANES = 2

const precisionsOf = (library: Library): readonly Precision[] =>
  hasInstructions(library, AVX512) ? ['float32', 'bfloat16'] : ['float32']

/** @throws SpanforgeError if the library is missing or unsuitable */
export function openOneDnn(): Engine {
  const found = findOneDnn()
  if (!found)
    throw new SpanforgeError('oneDNN: not found on this machine', {
      remedy: `Install it (${INSTALL}), or set ONEDNN_DIR to its folder. docs/engines.md lists where it is searched.`,
    })
  return engineOf(load(found))
}

/** What was found, for `spanforge doctor`; undefined if there is none. */
export function inspectOneDnn(): EngineFacts | undefined {
  const found = findOneDnn()
  if (!found) return undefined
  const library = load(found)
  const device = { device: 'cpu', full_name: processor(), precisions: precisionsOf(library) }
  return { version: library.version, source: found.source, library: found.file, devices: [device] }
}

function load(found: FoundLibrary): Library {
  const library = bindOnednn(found.file)
  expectVersion3(library.version, found)
  return library
}

/** @throws SpanforgeError if the library has another API than that of oneDNN 3 */
export function expectVersion3(version: string, { file, source }: FoundLibrary): void {
  if (version.startsWith('3.')) return
  throw new SpanforgeError(`oneDNN: ${file} (${source}) is version ${version}; expected version 3`, {
    remedy: `Update it (${INSTALL} --upgrade), or set ONEDNN_DIR to the folder of another copy.`,
  })
}

const processor = (): string => cpus()[0]?.model.trim() ?? 'unknown'

function engineOf(library: Library): Engine {
  const precisions = precisionsOf(library)
  const isEmulated = precisions.length > 1 && !hasInstructions(library, AVX512_BF16)
  return {
    name: 'onednn',
    device: `cpu (${processor()}, ${cpus().length} cores), oneDNN ${library.version}${isEmulated ? ', bfloat16 emulated' : ''}`,
    precisions,
    lacks: { bfloat16: 'oneDNN computes in bfloat16 only on processors with AVX-512' },
    multiples: { tokens: TOKEN_MULTIPLE, length: LENGTH_MULTIPLE },
    lanes: LANES,
    acceptsSharedMemory: true,
    async compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
      const { precision = 'float32' } = options
      if (!precisions.includes(precision))
        throw new SpanforgeError(`oneDNN does not compute in ${precision} on ${processor()}`, {
          remedy: 'Use float32.',
        })
      const factors = precision === 'bfloat16' ? 'bf16' : 'f32'
      const sibling = options.beside as OneDnnExecutable | undefined
      const program = sibling?.program ?? programOf(graph, precision, hasInstructions(library, AMX))
      return OneDnnExecutable.compile(library.file, program, factors, { ...options, lanes: LANES, sibling })
    },
  }
}
