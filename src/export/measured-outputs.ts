import type { Row } from '../batching/pack.ts'
import { paddedInputs } from '../batching/padded-logits.ts'
import { elements } from '../graph/shape.ts'
import { type Engine, float32Value } from '../runtime/engine.ts'
import { type VariantGraph, withVariant } from './variant-graph.ts'

export interface MeasuringOptions {
  /** Windows of typical questions. */
  readonly rows: readonly Row[]
  readonly engine: Engine
  /** Called after each window. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Computes each row on its own and passes the outputs, which are float32 of fixed shapes, to `use`. Engines compute outputs
 * in their order, so a graph has one output per measured activation, in the order of the model: each activation is then
 * freed before the next is computed. A single output that combines them would keep the activations of all layers.
 */
export async function measureOutputs(
  variant: VariantGraph,
  padding: number,
  { rows, engine, onProgress }: MeasuringOptions,
  use: (outputs: Readonly<Record<string, Float32Array>>) => void,
): Promise<void> {
  await withVariant(variant, engine, async (executable, names) => {
    for (const [r, row] of rows.entries()) {
      const values = paddedInputs([row], padding)
      const outputs = Object.entries(variant.graph).map(([name, { shape }]) => {
        const dims = shape as readonly number[]
        return [name, float32Value(new Float32Array(elements(dims)), dims)] as const
      })
      await executable.run(Object.fromEntries(names.map((name) => [name, values[name]])), Object.fromEntries(outputs))
      use(Object.fromEntries(outputs.map(([name, { data }]) => [name, data as Float32Array])))
      onProgress?.(r + 1, rows.length)
    }
  })
}
