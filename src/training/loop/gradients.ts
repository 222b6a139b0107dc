import type { Pass } from '../../batching/passes.ts'
import { FlatParameters, totalSize } from '../../models/flat-parameters.ts'
import { type Freeze, isFrozen } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { DropoutMasks } from '../dropout/draws.ts'
import { newArray } from '../optimizer/flat-memory.ts'
import type { Clear, GradientOptions, GradientSource } from './gradient-source.ts'
import { LaneAdder } from './lane-adder.ts'
import { LaneGradient, type LaneSums } from './lane-gradient.ts'

/** Number of parameters that are frozen. They come first in the order of the parameters. */
export const frozenEntries = ({ specs }: Pick<QuestionAnsweringModel, 'specs'>, freeze: Freeze): number =>
  specs.filter((spec) => isFrozen(spec, freeze)).length

/** Sums of a lane other than the first. After a step, they are added to those of the first lane. */
class SeparateSums implements LaneSums {
  readonly dense: FlatParameters
  /** Rows by table and index, because a step looks up few of them. */
  private readonly rows = new Map<
    string,
    { readonly table: string; readonly index: number; readonly sum: Float32Array }
  >()

  constructor(
    model: QuestionAnsweringModel,
    freeze: Freeze,
    private readonly clearArray: Clear,
  ) {
    const specs = model.specs.filter((spec) => !spec.table && !isFrozen(spec, freeze))
    this.dense = new FlatParameters(specs, newArray(totalSize(specs), model.engine.acceptsSharedMemory ?? false))
  }

  row(table: string, index: number, width: number): Float32Array {
    const key = `${table} ${index}`
    const known = this.rows.get(key)
    if (known) return known.sum
    const sum = new Float32Array(width)
    this.rows.set(key, { table, index, sum })
    return sum
  }

  /** Adds these sums to others, and sets them to zero. */
  async moveTo({ dense, row }: LaneSums, adder: LaneAdder): Promise<void> {
    for (const [to, from] of sharedRanges(dense, this.dense)) await adder.add(to, from)
    for (const { table, index, sum } of this.rows.values()) {
      const to = row(table, index, sum.length)
      for (let i = 0; i < to.length; i++) to[i] += sum[i]
    }
    await this.clear()
  }

  async clear(): Promise<void> {
    await this.clearArray(this.dense.data)
    this.rows.clear()
  }
}

/** The elements of all parameters in `part`, in both layouts. Parameters next to each other in both are one pair. */
function sharedRanges(whole: FlatParameters, part: FlatParameters): [Float32Array, Float32Array][] {
  const starts = new Map(whole.entries.map(({ name, start }) => [name, start]))
  const ranges: { whole: number; part: number; size: number }[] = []
  for (const { name, start, size } of part.entries) {
    const last = ranges.at(-1)
    const place = starts.get(name)!
    if (last && last.whole + last.size === place) last.size += size
    else ranges.push({ whole: place, part: start, size })
  }
  return ranges.map(({ size, ...start }) => [
    whole.data.subarray(start.whole, start.whole + size),
    part.data.subarray(start.part, start.part + size),
  ])
}

interface OtherLane {
  readonly gradient: LaneGradient
  readonly sums: SeparateSums
}

/** The gradient of a batch's loss, added up over its passes in one flat array. */
export class BatchGradient implements GradientSource {
  readonly lanes: number
  /** The other lanes of the engine, starting with lane 1, once they have been used. */
  private readonly others: Promise<OtherLane>[] = []
  /** The other lanes that have sums. */
  private readonly used = new Set<OtherLane>()
  private adder: Promise<LaneAdder> | undefined
  private loss_scale = 1

  private constructor(
    private readonly model: QuestionAnsweringModel,
    private readonly options: GradientOptions,
    private readonly gradients: Float32Array,
    private readonly sums: LaneSums,
    private readonly first: LaneGradient,
    private readonly clear: Clear,
  ) {
    this.lanes = model.engine.lanes ?? 1
  }

  /** `gradients` contains the gradients of the trained parameters, in their order. */
  static async open(
    model: QuestionAnsweringModel,
    gradients: Float32Array,
    options: GradientOptions = {},
    clear: Clear = async (array) => void array.fill(0),
  ): Promise<BatchGradient> {
    const dense = model.parameters.from(frozenEntries(model, options), gradients)
    const row = (table: string, i: number, width: number) => dense.view(table).subarray(i * width, (i + 1) * width)
    const sums = { dense, row }
    return new BatchGradient(model, options, gradients, sums, await LaneGradient.open(model, sums, options, 0), clear)
  }

  async reset(loss_scale = 1): Promise<void> {
    this.loss_scale = loss_scale
    await this.clear(this.gradients)
    for (const { sums } of this.used) await sums.clear()
    this.used.clear()
    this.first.reset()
    for (const other of await Promise.all(this.others)) other?.gradient.reset()
  }

  async add(pass: Pass, masks: DropoutMasks, lane?: number): Promise<number> {
    const options = { isShared: lane !== undefined, loss_scale: this.loss_scale }
    if (!lane) return this.first.add(pass, masks, options)
    this.others[lane] ??= this.open(lane)
    const other = await this.others[lane]
    this.used.add(other)
    return other.gradient.add(pass, masks, options)
  }

  async join(loss: number): Promise<number> {
    for (const { sums, gradient } of this.used) {
      this.adder ??= LaneAdder.open(this.model.engine)
      await sums.moveTo(this.sums, await this.adder)
      gradient.reset()
    }
    this.used.clear()
    return loss
  }

  async release(): Promise<void> {
    await this.first.release()
    for (const other of await Promise.all(this.others)) await other?.gradient.release()
    await (await this.adder)?.release()
  }

  private async open(lane: number): Promise<OtherLane> {
    const sums = new SeparateSums(this.model, this.options, this.clear)
    return { sums, gradient: await LaneGradient.open(this.model, sums, this.options, lane, this.first) }
  }
}
