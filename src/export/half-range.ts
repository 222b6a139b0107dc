import { apply, constant, type Tensor } from '../graph/tensor.ts'
import { lower } from '../lowering/lower.ts'
import { halfValues } from './half-precision.ts'
import { type MeasuringOptions, measureOutputs } from './measured-outputs.ts'
import { paddedGraph } from './padded-graph.ts'
import { type ExportSource, sourceOptions } from './plan-variants.ts'
import { StoredWeights } from './stored-weights.ts'
import { exportDialect } from './variant-graph.ts'

/**
 * Returns the largest magnitude of the values that fp16 computes in float16. Runtimes on a CPU compute them in float32, so
 * that values beyond the range of float16 become infinite only on a graphics card.
 */
export async function largestHalfValue(source: ExportSource, options: MeasuringOptions): Promise<number> {
  const { config, parameters, geometry } = source.model
  const padded = paddedGraph(config, sourceOptions(source))
  const weights = new StoredWeights(padded.parameters, parameters)
  const values = halfValues(lower(padded.graph, exportDialect(padded.rules)), weights)
  const graph = Object.fromEntries(values.map((value, i) => [`largest.${i}`, magnitude(value)]))
  let largest = 0
  await measureOutputs({ graph, initializers: weights.initializers }, geometry.padding_row ?? 0, options, (found) => {
    for (const [value] of Object.values(found)) largest = Math.max(largest, value)
  })
  return largest
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
