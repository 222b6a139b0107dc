import type * as Ort from 'onnxruntime-web'
import type { Executable } from '../../src/runtime/engine.ts'

/** A session of ONNX Runtime Web for `paddedLogits`, which takes int64 inputs and has float32 outputs. */
export const webSession = (ort: typeof Ort, session: Ort.InferenceSession): Pick<Executable, 'run'> => ({
  async run(inputs, outputs) {
    const tensors: Ort.Tensor[] = []
    try {
      const feeds: Record<string, Ort.Tensor> = {}
      for (const [name, { data, dims }] of Object.entries(inputs)) {
        feeds[name] = new ort.Tensor('int64', data as BigInt64Array, dims)
        tensors.push(feeds[name])
      }
      const results = await session.run(feeds, Object.keys(outputs))
      tensors.push(...Object.values(results))
      for (const [name, { data }] of Object.entries(outputs))
        (data as Float32Array).set((await results[name].getData()) as Float32Array)
    } finally {
      for (const tensor of tensors) tensor.dispose()
    }
  },
})
