/**
 * The graph of a model on padded rows, as other tools call it: `input_ids`, `attention_mask` and, if the model uses
 * them, `token_type_ids`, all int64 [batch_size, sequence_length], to `start_logits` and `end_logits`, float32.
 *
 * It is the packed evaluation graph with the inputs of a pass (see batching/pack.ts) computed from the padded ones: all
 * places count as tokens, so tokens and places are the same values in a different shape.
 */
import { UNSEEN } from '../batching/pack.ts'
import { replaceInputs } from '../graph/substitute.ts'
import { apply, constant, type Graph, input, scalar, type Tensor } from '../graph/tensor.ts'
import type { Dialect } from '../lowering/lower.ts'
import type { Geometry, ModelConfig } from '../models/architecture.ts'
import { geometryOf } from '../models/registry.ts'
import { questionAnswering } from '../models/span-head.ts'
import { noDropout } from '../nn/dropout.ts'
import { type ParameterSpec, Parameters } from '../nn/parameters.ts'
import { add, cast, mul, sub } from '../ops/elementwise.ts'
import { transpose } from '../ops/movement.ts'

const SHAPE = ['batch_size', 'sequence_length']

export interface PaddedGraph {
  readonly graph: Graph
  /** The parameters of the model, which are inputs of the graph under their checkpoint keys. */
  readonly parameters: ReadonlyMap<string, ParameterSpec>
  /** How this graph converts between tokens and places. */
  readonly rules: NonNullable<Dialect['rules']>
}

export interface PaddedOptions {
  /** Whether callers provide `token_type_ids`. Otherwise, all tokens are of type 0. */
  readonly hasTokenTypes: boolean
}

export function paddedGraph(config: ModelConfig, { hasTokenTypes }: PaddedOptions): PaddedGraph {
  const parameters = new Parameters()
  const packed = questionAnswering(parameters, config, noDropout) // [rows, 2, length]
  const rows = new PaddedRows(geometryOf(config), hasTokenTypes)
  const { logits } = replaceInputs({ logits: packed }, rows.passInputs())
  const side = (i: 0 | 1) =>
    apply({ type: 'Gather' }, [logits, scalar(i, 'int64')], { shape: SHAPE, dtype: 'float32' }, { axis: 1 })
  return {
    graph: { start_logits: side(0), end_logits: side(1) },
    parameters: parameters.specs,
    rules: { 'spanforge.PermuteRows': ({ inputs: [x], outputs: [y] }) => [rows.permute(x, y)] },
  }
}

class PaddedRows {
  private readonly ids = input('input_ids', SHAPE, 'int64')
  private readonly mask = input('attention_mask', SHAPE, 'int64')
  private readonly types = input('token_type_ids', SHAPE, 'int64')
  private readonly sizes = apply({ type: 'Shape' }, [this.ids], { shape: [2], dtype: 'int64' })

  constructor(
    private readonly geometry: Geometry,
    private readonly hasTokenTypes: boolean,
  ) {}

  /** The inputs of a pass over all places, except those that only rearrange rows. */
  passInputs(): Readonly<Record<string, Tensor>> {
    const places = this.places()
    const position_ids = this.positions(places)
    // 1 for a token and 0 for padding.
    const seen = cast(this.mask, 'float32')
    return {
      input_ids: asTokens(cast(this.ids, 'int32')),
      token_type_ids: asTokens(this.hasTokenTypes ? cast(this.types, 'int32') : sub(position_ids, position_ids)),
      position_ids: asTokens(position_ids),
      attended: reshaped(seen, [-1, 1], ['tokens', 1]),
      place_ids: places,
      attention_bias: reshaped(mul(sub(1, seen), UNSEEN), [0, 1, 1, -1], ['rows', 1, 1, 'length']),
    }
  }

  /** Tokens [tokens, parts, width] as [rows, parts, length, width], or back. */
  permute(x: Tensor, { shape }: Tensor): Tensor {
    if (shape[0] === 'rows') {
      const [, parts, , width] = shape
      const sizes = apply({ type: 'Concat' }, [this.sizes, ints(parts as number, width as number)], vector(4), {
        axis: 0,
      })
      const split = { shape: ['rows', 'length', parts, width], dtype: x.dtype }
      return transpose(apply({ type: 'Reshape' }, [x, sizes], split), [0, 2, 1, 3])
    }
    return reshaped(transpose(x, [0, 2, 1, 3]), [-1, shape[1] as number, shape[2] as number], shape)
  }

  /** The indices 0, 1, 2, … of the places of a row. */
  private places(): Tensor {
    const length = apply(
      { type: 'Gather' },
      [this.sizes, scalar(1, 'int64')],
      { shape: [], dtype: 'int64' },
      { axis: 0 },
    )
    const range = [scalar(0, 'int32'), cast(length, 'int32'), scalar(1, 'int32')]
    return apply({ type: 'Range' }, range, { shape: ['length'], dtype: 'int32' })
  }

  /** Rows of the position embeddings [batch_size, sequence_length]. */
  private positions(places: Tensor): Tensor {
    const { position_padding } = this.geometry
    const padded = { shape: SHAPE, dtype: 'int32' } as const
    if (position_padding === undefined) return apply({ type: 'Expand' }, [places, this.sizes], padded)
    // Only tokens other than padding count, starting at the row after padding's.
    const padding = apply({ type: 'Equal' }, [this.ids, scalar(position_padding, 'int64')], {
      shape: SHAPE,
      dtype: 'bool',
    })
    const isToken = cast(apply({ type: 'Not' }, [padding], padding), 'int32')
    const count = apply({ type: 'CumSum' }, [isToken, scalar(1, 'int64')], padded)
    return add(mul(count, isToken), position_padding)
  }
}

const vector = (length: number) => ({ shape: [length], dtype: 'int64' }) as const

const ints = (...values: number[]): Tensor => constant(values, [values.length], 'int64')

/** Reshapes between dimensions with different names but equal sizes, such as tokens and places. */
const reshaped = (x: Tensor, sizes: readonly number[], shape: Tensor['shape']): Tensor =>
  apply({ type: 'Reshape' }, [x, ints(...sizes)], { shape, dtype: x.dtype })

const asTokens = (x: Tensor): Tensor => reshaped(x, [-1], ['tokens'])
