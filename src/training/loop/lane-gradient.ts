import { lossInputs } from '../../batching/loss-inputs.ts'
import { pack } from '../../batching/pack.ts'
import type { Pass } from '../../batching/passes.ts'
import { type Bindings, bindShape, elements } from '../../graph/shape.ts'
import { type FlatParameters, ResidentParameters } from '../../models/flat-parameters.ts'
import { gradientName, LOSS_SCALE, sofarName, type TrainingGraph, trainingGraph } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import {
  type Executable,
  float32Value,
  type Precision,
  precisionOf,
  scalarValue,
  uint8Value,
  type Value,
  type Values,
} from '../../runtime/engine.ts'
import type { DropoutMasks } from '../dropout/draws.ts'
import type { GradientOptions } from './gradient-source.ts'

interface LanePass {
  readonly isShared: boolean
  /** Factor of the loss in float16. */
  readonly loss_scale: number
}

/** Where the gradients of the passes of a lane are accumulated. */
export interface LaneSums {
  /** The gradients of all parameters, or at least of those that are not tables. */
  readonly dense: FlatParameters
  /** Returns the gradient of a row of a table. */
  row(table: string, index: number, width: number): Float32Array
}

/**
 * Adds up the gradients of passes that are computed one after the other.
 *
 * The graph itself adds a pass's dense gradients to those so far: input and output are the same memory, which is safe
 * because an element-wise sum reads each element before it writes it. Gradients of embedding tables come as gradients
 * of the rows that were looked up and are added row by row: exact, in a fixed order, and without touching the rest of
 * the table.
 */
export class LaneGradient {
  private rowRoom = new Float32Array(0)
  private maskRoom = new Uint8Array(0)
  private readonly weights: ResidentParameters

  private constructor(
    private readonly model: QuestionAnsweringModel,
    private readonly graph: TrainingGraph,
    private readonly session: Executable,
    private readonly parameters: FlatParameters,
    private readonly sums: LaneSums,
    private readonly options: GradientOptions,
    private readonly precision: Precision,
  ) {
    this.weights = new ResidentParameters(session)
    this.weights.follow(parameters)
    const { dense } = sums
    session.hold({ ...dense.values(sofarName), ...dense.values(gradientName) })
  }

  /** `beside` is the gradient of another lane. Both must be reset before either adds a pass with other weights. */
  static async open(
    model: QuestionAnsweringModel,
    sums: LaneSums,
    options: GradientOptions,
    lane: number,
    beside?: LaneGradient,
  ): Promise<LaneGradient> {
    const precision = precisionOf(options)
    const graph = trainingGraph(model.config, { ...options, scales_loss: precision === 'float16' })
    const session = await model.engine.compile(graph.outputs, { precision, lane, beside: beside?.session })
    return new LaneGradient(model, graph, session, model.parameters, sums, options, precision)
  }

  /** Must be called after the sums have been set to zero or the weights have changed. */
  reset(): void {
    this.weights.follow(this.parameters)
    this.session.invalidate(this.graph.dense.map(sofarName))
  }

  /** Adds the gradients of a pass, and returns its share of the loss. */
  async add(pass: Pass, masks: DropoutMasks, { isShared, loss_scale }: LanePass): Promise<number> {
    const { graph, model, sums, precision } = this
    const { dims, inputs } = pack(pass.rows, model.geometry, model.engine.multiples)
    const targets = lossInputs(pass, dims.length, this.options)
    const loss = new Float32Array(1)
    const rowGradients = this.roomForRows(dims.tokens)
    await this.session.run(
      {
        ...{ ...inputs, ...targets.inputs, ...this.masks(pass, dims, masks) },
        ...(precision === 'float16' && { [LOSS_SCALE]: scalarValue(loss_scale) }),
      },
      { ...rowGradients, loss: float32Value(loss, []) },
      { isShared },
    )
    for (const { output, width, tables } of graph.rowGradients)
      for (const { table, index, padding_idx } of tables) {
        const rowOf = (i: number) => sums.row(table, i, width)
        addRows(rowOf, inputs[index].data, rowGradients[output].data, width, padding_idx)
      }
    return loss[0] - targets.excess
  }

  /** Draws the masks of all sites, into memory that is reused by all passes and grows if a pass needs more. */
  private masks(pass: Pass, dims: Bindings, write: DropoutMasks): Values {
    const sites = this.graph.dropout.map((site) => ({ ...site, dims: bindShape(site.shape, dims) }))
    const needed = sites.reduce((n, { dims }) => n + elements(dims), 0)
    if (this.maskRoom.length < needed) this.maskRoom = new Uint8Array(Math.ceil(needed * 1.25))
    let end = 0
    return Object.fromEntries(
      sites.map((site, i) => {
        const start = end
        end += elements(site.dims)
        const mask = this.maskRoom.subarray(start, end)
        write(i, site, pass, mask)
        return [site.name, uint8Value(mask, site.dims)]
      }),
    )
  }

  /**
   * Returns memory for the gradients of looked-up rows, which is reused by all passes and grows if a pass needs more.
   */
  private roomForRows(tokens: number): Values {
    const needed = this.graph.rowGradients.reduce((n, { width }) => n + tokens * width, 0)
    if (this.rowRoom.length < needed) this.rowRoom = new Float32Array(Math.ceil(needed * 1.25))
    let end = 0
    return Object.fromEntries(
      this.graph.rowGradients.map(({ output, width }) => {
        const start = end
        end += tokens * width
        return [output, float32Value(this.rowRoom.subarray(start, end), [tokens, width])]
      }),
    )
  }

  async release(): Promise<void> {
    await this.session.release()
  }
}

/** rowOf(index[i]) += rows[i], in order, except for the padding row. */
function addRows(
  rowOf: (index: number) => Float32Array,
  index: Value['data'],
  rows: Value['data'],
  width: number,
  padding_idx?: number,
): void {
  for (let i = 0; i < index.length; i++) {
    if (index[i] === padding_idx) continue
    const to = rowOf(Number(index[i]))
    const from = i * width
    for (let j = 0; j < width; j++) to[j] += rows[from + j] as number
  }
}
