/** The script of a page with transformers.js next to it, which loads nothing from elsewhere. */
import * as library from '../transformers/transformers.min.js'
import { compute } from './compute.mjs'

library.env.backends.onnx.wasm.wasmPaths = new URL('../ort/', import.meta.url).href
globalThis.compute = async (tasks) => {
  const results = []
  for (const task of tasks) results.push(await compute(library, task))
  return results
}
