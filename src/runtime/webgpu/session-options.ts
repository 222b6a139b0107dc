import type { InferenceSession } from 'onnxruntime-node'

/** Options of sessions on the device. */
export const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ['webgpu'],
  // Failures are thrown with the same message.
  logSeverityLevel: 4,
  enableMemPattern: false,
  // Nothing is computed on the CPU. With the default, ONNX Runtime would pin a thread to each core.
  intraOpNumThreads: 1,
}
