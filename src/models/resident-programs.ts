import { substitute } from '../graph/substitute.ts'
import { apply, constant, type Graph, input, scalar, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { isDropoutMask } from '../ops/dropout.ts'
import { add, cast, div, mul, sqrt, sub } from '../ops/elementwise.ts'
import { gatherRows } from '../ops/gather.ts'
import { exactMatmul } from '../ops/linalg.ts'
import { reshape } from '../ops/movement.ts'
import { sum, sumAll } from '../ops/reduce.ts'
import type { ModelConfig } from './architecture.ts'
import {
  type DropoutSite,
  gradientName,
  type RowGradient,
  sofarName,
  type TrainingGraph,
  type TrainingGraphOptions,
  trainingGraph,
} from './programs.ts'

/** The distinct rows of a table that a pass looks up by an index: [unique, 1] of int64, and [unique] of int32. */
export const uniqueName = (index: string): string => `unique.${index}`
export const distinctName = (index: string): string => `distinct.${index}`
/** 0, 1, ... for each of these rows, [unique, 1]. */
export const countName = (index: string): string => `count.${index}`
/** The row that each token looks up, [1, tokens], or -1 for a row that is not trained. */
export const slotName = (index: string): string => `slot.${index}`
/** Places in the pool where the values of a dropout site begin, for each token. */
export const startsName = (site: string): string => `starts.${site}`
/** The number of values of each head of a row, [rows, 1, 1, 1]. */
export const WIDTHS = 'widths'
/** 0, 1, ..., length - 1. */
export const ROW_POSITIONS = 'columns'
/** The pool of values for a probability, [size, 1]: 0 with this probability, otherwise 1. */
export const poolName = (probability: number): string => `pool.${probability}`
/** 1 in the first pass of a step, whose gradients are not added to earlier ones; otherwise 0. */
export const FIRST = 'is_first'

export interface ResidentGraph {
  /** `loss` [], and `gradient.<parameter>` of every trained parameter, added to `sofar.<parameter>`. */
  readonly outputs: Graph
  readonly trained: readonly string[]
  /** The indices of tables, each with its row of padding. */
  readonly lookups: readonly { readonly index: string; readonly padding_idx?: number }[]
  readonly dropout: readonly DropoutSite[]
}

/**
 * The training graph for values that stay on a device: it also adds up the gradients of tables, and reads the masks of
 * dropout from a pool of `poolSize` values.
 */
export function residentGraph(
  config: ModelConfig,
  poolSize: number,
  options: TrainingGraphOptions = {},
): ResidentGraph {
  const graph = trainingGraph(config, options)
  const { outputs, dropout, dense, rowGradients } = graph
  const earlier = startingOver()
  const masks = dropoutValues(dropout, poolSize)
  const replacements = new Map<Tensor, Tensor>()
  const inputs = new Map<string, Tensor>()
  for (const t of topologicalOrder(Object.values(outputs))) {
    const { source } = t
    if (source.kind === 'input') inputs.set(source.name, t)
    if (isDropoutMask(t)) replacements.set(t, scaled(t, masks))
  }
  for (const name of dense) replacements.set(inputs.get(sofarName(name))!, earlier(name, inputs.get(name)!.shape))
  const names = ['loss', ...dense.map(gradientName), ...rowGradients.map(({ output }) => output)]
  const replaced = substitute(
    names.map((name) => outputs[name]),
    replacements,
  )
  const result = Object.fromEntries(names.map((name, i) => [name, replaced[i]]))
  const tables = tableGradients(rowGradients, result, (name) => earlier(name, inputs.get(name)!.shape))
  for (const { output } of rowGradients) delete result[output]
  return {
    outputs: { ...result, ...tables.outputs },
    trained: [...dense, ...tables.names],
    lookups: distinctLookups(graph),
    dropout,
  }
}

/** Creates the gradients so far of a parameter, or 0 in the first pass, whatever they contain. */
function startingOver() {
  const one = scalar(1, 'int32')
  const isFirst = apply({ type: 'Equal' }, [input(FIRST, [], 'int32'), one], { shape: [], dtype: 'bool' })
  return (name: string, shape: Tensor['shape']): Tensor =>
    apply({ type: 'Where' }, [isFirst, scalar(0), input(sofarName(name), shape)], { shape, dtype: 'float32' })
}

/** The values 0 and 1 of each site, by the name of its mask. */
function dropoutValues(sites: readonly DropoutSite[], poolSize: number): ReadonlyMap<string, Tensor> {
  const pools = new Map<number, Tensor>()
  const widths = input(WIDTHS, ['rows', 1, 1, 1], 'int32')
  const columns = input(ROW_POSITIONS, [1, 1, 1, 'length'], 'int32')
  return new Map(
    sites.map(({ name, shape, probability }) => {
      const pool = pools.get(probability) ?? input(poolName(probability), [poolSize, 1])
      pools.set(probability, pool)
      const parts = shape[1] as number
      const index =
        shape.length === 2
          ? add(input(startsName(name), [shape[0], 1], 'int32'), counting([1, parts]))
          : add(
              add(input(startsName(name), ['rows', 1, 'length', 1], 'int32'), mul(widths, counting([1, parts, 1, 1]))),
              columns,
            )
      return [name, reshape(gatherRows(pool, index), shape)] as const
    }),
  )
}

const counting = (shape: readonly number[]): Tensor => constant([...Array(Math.max(...shape)).keys()], shape, 'int32')

/** A mask, read from the pool instead of an input. */
function scaled(mask: Tensor, values: ReadonlyMap<string, Tensor>): Tensor {
  if (mask.source.kind !== 'node') return mask
  const [kept, scale] = mask.source.node.inputs
  return kept.source.kind === 'input' ? mul(values.get(kept.source.name)!, scale) : mask
}

/**
 * Computes the gradients of tables from those of the looked-up rows without a race: the rows of one id are summed by a
 * product with a matrix of 0 and 1, and each id is written once.
 */
function tableGradients(
  rowGradients: readonly RowGradient[],
  rows: Graph,
  earlier: (table: string) => Tensor,
): { readonly outputs: Graph; readonly names: readonly string[] } {
  const sums = new Map<string, Tensor>()
  for (const { output, tables } of rowGradients)
    for (const { table, index } of tables) {
      const size = `unique_${index}`
      const slot = input(slotName(index), [1, 'tokens'], 'int32')
      const count = input(countName(index), [size, 1], 'int32')
      const unique = input(uniqueName(index), [size, 1], 'int64')
      const same = apply({ type: 'Equal' }, [slot, count], { shape: [size, 'tokens'], dtype: 'bool' })
      const summed = exactMatmul(cast(same, 'float32'), rows[output])
      const sofar = sums.get(table) ?? earlier(table)
      const known = gatherRows(sofar, input(distinctName(index), [size], 'int32'))
      sums.set(table, apply({ type: 'ScatterND' }, [sofar, unique, add(known, summed)], sofar))
    }
  const outputs = Object.fromEntries([...sums].map(([table, sum]) => [gradientName(table), sum]))
  return { outputs, names: [...sums.keys()] }
}

function distinctLookups({ rowGradients }: TrainingGraph): ResidentGraph['lookups'] {
  const lookups = rowGradients.flatMap(({ tables }) => tables)
  return [...new Map(lookups.map(({ index, padding_idx }) => [index, { index, padding_idx }])).values()]
}

interface Sized {
  readonly name: string
  readonly shape: readonly number[]
}

/** A sum in two steps, so that a device adds up the rows of a large matrix at the same time. */
const sumOf = (x: Tensor): Tensor => sumAll(x.shape.length > 1 ? sum(x, [-1]) : x)

/** The sum of squares of all gradients, as output `squares` []. */
export const squaresGraph = (parameters: readonly Sized[]): Graph => ({
  squares: parameters
    .map(({ name, shape }) => input(gradientName(name), shape))
    .map((g) => sumOf(mul(g, g)))
    .reduce((a, b) => add(a, b)),
})

/** Inputs of a step of AdamW; the names are those of the factors of training/optimizer/plain-kernels.ts. */
export const FACTORS = [
  ...(['clip', 'decay', 'oneMinusBeta1', 'beta2', 'oneMinusBeta2', 'rootOfCorrection2'] as const),
  ...(['epsilon', 'negativeStepSize'] as const),
]
export const momentName = (parameter: string): string => `exp_avg.${parameter}`
export const varianceName = (parameter: string): string => `exp_avg_sq.${parameter}`
export const averageName = (parameter: string): string => `average.${parameter}`
/** The share of the new weights in their moving average. */
export const AVERAGE_SHARE = 'average_share'
export const nextName = (value: string): string => `next.${value}`

/**
 * A step of AdamW in the order of operations of training/optimizer/plain-kernels.ts. Outputs are the next parameters and
 * moments, with `averages` the next average of the parameters, and `check` [], which is 0 if all of them are finite and
 * otherwise NaN.
 */
export function updateGraph(
  parameters: readonly (Sized & { readonly decays: boolean })[],
  { averages = false }: { readonly averages?: boolean } = {},
): Graph {
  const factors = FACTORS.map((name) => input(name, []))
  const [clip, decay, oneMinusBeta1, beta2, oneMinusBeta2, root, epsilon, stepSize] = factors
  const share = input(AVERAGE_SHARE, [])
  const outputs: Record<string, Tensor> = {}
  const checks: Tensor[] = []
  for (const { name, shape, decays } of parameters) {
    const [p, g, m0, v0] = [name, gradientName(name), momentName(name), varianceName(name)].map((of) =>
      input(of, shape),
    )
    const clipped = mul(g, clip)
    const m = add(m0, mul(oneMinusBeta1, sub(clipped, m0)))
    const v = add(mul(v0, beta2), mul(mul(oneMinusBeta2, clipped), clipped))
    const denominator = add(div(sqrt(v), root), epsilon)
    const next = add(decays ? mul(p, decay) : p, div(mul(stepSize, m), denominator))
    const all: Record<string, Tensor> = { [name]: next, [momentName(name)]: m, [varianceName(name)]: v }
    if (averages) {
      const average = input(averageName(name), shape)
      all[averageName(name)] = add(average, mul(share, sub(next, average)))
    }
    for (const [of, value] of Object.entries(all)) {
      outputs[nextName(of)] = value
      checks.push(sumOf(sub(value, value)))
    }
  }
  return { ...outputs, check: checks.reduce((a, b) => add(a, b)) }
}
