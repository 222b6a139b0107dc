import { SpanforgeError } from '../errors.ts'
import { constant, type Tensor } from '../graph/tensor.ts'
import { gatherRows } from '../ops/gather.ts'
import * as ops from '../ops/linalg.ts'
import { layerNormalization } from '../ops/normalize.ts'
import type { Initialization, Parameters } from './parameters.ts'

export interface LinearOptions {
  /** Whether to add b (default: true). */
  readonly bias?: boolean
  /** Initial values of W. */
  readonly init?: Initialization
}

/** y = x Wᵀ + b for x [..., in], with W stored as [out, in] like in PyTorch. */
export function linear(p: Parameters, x: Tensor, out: number, { bias = true, init }: LinearOptions = {}): Tensor {
  const weight = p.get('weight', [out, x.shape.at(-1) as number], { init })
  if (bias) return ops.linear(x, weight, p.get('bias', [out], { init: 'zeros' }))
  return (x.shape.length === 2 ? ops.gemm : ops.matmul)(x, weight, { transB: true })
}

export interface EmbeddingOptions {
  readonly size: number
  readonly width: number
  /** Index of a row that can be read but is not trained. */
  readonly padding_idx?: number
  /** Initial values of the rows. */
  readonly init?: Initialization
}

/** Looks up rows of a learned table [size, width] at `ids` [tokens], an input of the graph. */
export function embedding(p: Parameters, ids: Tensor, { size, width, padding_idx, init }: EmbeddingOptions): Tensor {
  if (ids.source.kind !== 'input') throw new SpanforgeError(`embedding: ids must be an input, found ${ids}`)
  const rows = gatherRows(p.get('weight', [size, width], { table: { padding_idx }, init }), ids)
  p.lookups.push({ table: p.key('weight'), index: ids.source.name, padding_idx, rows })
  return rows
}

/** Layer normalization (Ba et al. 2016) over the last axis. */
export function layerNorm(p: Parameters, x: Tensor, epsilon: number, { bias = true } = {}): Tensor {
  const width = x.shape.at(-1) as number
  const scale = p.get('weight', [width], { init: 'ones' })
  const shift = bias ? p.get('bias', [width], { init: 'zeros' }) : constant(new Float32Array(width), [width])
  return layerNormalization(x, scale, shift, epsilon)
}
