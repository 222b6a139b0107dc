import { SpanforgeError } from '../../errors.ts'
import type { Graph } from '../../graph/tensor.ts'
import { inFloat16 } from '../../lowering/float16.ts'
import { lower } from '../../lowering/lower.ts'
import { webgpu } from '../../lowering/webgpu.ts'
import { encodeModel } from '../../onnx/encode.ts'
import { toBytes } from '../../protobuf.ts'
import type { Precision } from '../engine.ts'

/** Encodes a graph with the operators of a WebGPU device. */
export function encodeGraph(graph: Graph, precision: Precision): Uint8Array {
  if (precision === 'bfloat16')
    throw new SpanforgeError('WebGPU does not support bfloat16', { remedy: 'Use float32 or float16.' })
  return toBytes(encodeModel(lower(graph, precision === 'float16' ? inFloat16(webgpu) : webgpu)))
}
