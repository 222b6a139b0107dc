import type { CompileOptions, Engine } from '../../src/runtime/engine.ts'
import { onnxruntime } from '../../src/runtime/onnxruntime.ts'

/** ONNX Runtime with some options of its sessions fixed. */
export const engineWith = (fixed: CompileOptions): Engine => ({
  name: onnxruntime.name,
  device: onnxruntime.device,
  precisions: onnxruntime.precisions,
  compile: (model, options) => onnxruntime.compile(model, { ...options, ...fixed }),
})
