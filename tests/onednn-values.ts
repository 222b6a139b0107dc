import { elements } from '../src/graph/shape.ts'
import { nativeMemory } from '../src/native/koffi.ts'
import { float32Value, type Value, type Values } from '../src/runtime/engine.ts'
import type { PlacedValues } from '../src/runtime/onednn/interpreter.ts'

/** Numbers between -1 and 1 that look random. */
export function numbers(dims: readonly number[], seed = 1): Value {
  let state = seed
  const data = Float32Array.from({ length: elements(dims) }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return state / 2 ** 30 - 1
  })
  return float32Value(data, dims)
}

/** Returns where values are, for oneDNN's interpreter. The caller must keep the values alive. */
export const placed = (values: Values): PlacedValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, { data, dims }]) => [name, { address: nativeMemory().addressOf(data), dims }]),
  )
