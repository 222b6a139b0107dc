import { paddedInputs } from '../batching/padded-logits.ts'
import { apply, constant, type Tensor } from '../graph/tensor.ts'
import { lower } from '../lowering/lower.ts'
import { float32Value } from '../runtime/engine.ts'
import { halfValues } from './half-precision.ts'
import { paddedGraph } from './padded-graph.ts'
import { type ExportSource, sourceOptions } from './plan-variants.ts'
import type { ProductInputOptions } from './product-inputs.ts'
import { StoredWeights } from './stored-weights.ts'
import { exportDialect, withVariant } from './variant-graph.ts'

/**
 * Returns the largest magnitude of the values that fp16 computes in float16. Runtimes on a CPU compute them in float32, so
 * that values beyond the range of float16 become infinite only on a graphics card.
 */
export async function largestHalfValue(
  source: ExportSource,
  { rows, engine, onProgress }: ProductInputOptions,
): Promise<number> {
  const { config, parameters, geometry } = source.model
  const padded = paddedGraph(config, sourceOptions(source))
  const weights = new StoredWeights(padded.parameters, parameters)
  const values = halfValues(lower(padded.graph, exportDialect(padded.rules)), weights)
  const largest = apply({ type: 'Max' }, values.map(magnitude), { shape: [], dtype: 'float32' })
  return withVariant({ graph: { largest }, initializers: weights.initializers }, engine, async (executable, names) => {
    let found = 0
    for (const [r, row] of rows.entries()) {
      const inputs = paddedInputs([row], geometry.padding_row ?? 0)
      const output = new Float32Array(1)
      await executable.run(Object.fromEntries(names.map((name) => [name, inputs[name]])), {
        largest: float32Value(output, []),
      })
      found = Math.max(found, output[0])
      onProgress?.(r + 1, rows.length)
    }
    return found
  })
}

function magnitude(t: Tensor): Tensor {
  const axes = constant(
    t.shape.map((_, axis) => axis),
    [t.shape.length],
    'int64',
  )
  return apply(
    { type: 'ReduceMax' },
    [apply({ type: 'Abs' }, [t], t), axes],
    { shape: [], dtype: t.dtype },
    { keepdims: 0 },
  )
}
