import { lossInputs } from '../../batching/loss-inputs.ts'
import { type Packed, pack } from '../../batching/pack.ts'
import type { Pass } from '../../batching/passes.ts'
import { SpanforgeError } from '../../errors.ts'
import { bindShape } from '../../graph/shape.ts'
import type { FlatEntry, FlatParameters } from '../../models/flat-parameters.ts'
import { gradientName, LOSS_SCALE, sofarName } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import {
  AVERAGE_SHARE,
  averageName,
  countName,
  distinctName,
  FACTORS,
  FIRST,
  momentName,
  nextName,
  poolName,
  type ResidentGraph,
  ROW_POSITIONS,
  residentGraph,
  slotName,
  squaresGraph,
  startsName,
  uniqueName,
  updateGraph,
  varianceName,
  WIDTHS,
} from '../../models/resident-programs.ts'
import {
  type DeviceStore,
  float32Value,
  int32Value,
  int64Value,
  precisionOf,
  type ResidentExecutable,
  scalarValue,
  type Values,
} from '../../runtime/engine.ts'
import { type DropoutMasks, POOL } from '../dropout/draws.ts'
import { type AdamWOptions, adamwFactors, decays } from '../optimizer/adamw.ts'
import type { RateOf } from '../optimizer/layer-rates.ts'
import type { Optimizer } from '../optimizer/optimizer.ts'
import { shareOfStep } from '../optimizer/weight-average.ts'
import type { GradientOptions, GradientSource } from './gradient-source.ts'

/**
 * The beginning of the pool is repeated after its end, for masks that start close to the end. The repeated part is
 * longer than heads times length of any model.
 */
const POOL_SIZE = POOL + 2 ** 17

/** Maximum number of weights that are updated together: their new values need memory in addition to the old ones. */
const TOGETHER = 2 ** 24

export interface ResidentOptions extends GradientOptions, AdamWOptions {
  readonly weight_decay: number
  readonly ema_decay: number | null
}

/** The trained parameters on the CPU, in their order. */
export interface HostArrays {
  readonly parameters: FlatParameters
  readonly gradients: FlatParameters
  readonly exp_avg: FlatParameters
  readonly exp_avg_sq: FlatParameters
  /** The moving average of the parameters, with ema_decay. */
  readonly average?: FlatParameters
}

/** The update of parameters with the same factor of the learning rate. */
interface Update {
  readonly executable: ResidentExecutable
  readonly entries: readonly FlatEntry[]
  readonly rate: number
}

interface Graphs {
  readonly pass: ResidentExecutable
  readonly squares: ResidentExecutable
  readonly updates: readonly Update[]
}

/**
 * Training with parameters, gradients and moments in the memory of a device. In a step, only indices and numbers are copied
 * to the device, and only losses, a norm and a check are copied back. `fetch` copies parameters and moments to the CPU, for
 * checkpoints and evaluations.
 */
export class ResidentTraining implements GradientSource, Optimizer {
  taken = 0
  readonly state: { readonly exp_avg: FlatParameters; readonly exp_avg_sq: FlatParameters }
  private readonly slots: { readonly parameters: Record<string, string>; readonly passes: Passes }
  /** Number of the pool that the device has, by probability. */
  private readonly pools = new Map<number, number>()
  /** Whether the device lacks values that the CPU has. */
  private isBehind = true
  /** Whether the device has values that the CPU lacks. */
  private isAhead = false
  private isFirstPass = true
  private loss_scale = 1

  private constructor(
    private readonly model: QuestionAnsweringModel,
    private readonly host: HostArrays,
    private readonly options: ResidentOptions,
    private readonly store: DeviceStore,
    private readonly graph: ResidentGraph,
    private readonly graphs: Graphs,
  ) {
    const { exp_avg, exp_avg_sq } = host
    this.state = { exp_avg, exp_avg_sq }
    const parameters = Object.fromEntries(model.parameters.entries.map(({ name }) => [name, name]))
    this.slots = { parameters, passes: passSlots(host.gradients.entries) }
  }

  static async open(
    model: QuestionAnsweringModel,
    host: HostArrays,
    options: ResidentOptions,
    rateOf: RateOf,
  ): Promise<ResidentTraining> {
    const store = model.engine.openStore!()
    try {
      const precision = precisionOf(options)
      const graph = residentGraph(model.config, POOL_SIZE, { ...options, scales_loss: precision === 'float16' })
      const { entries } = host.gradients
      const pass = await store.compile(graph.outputs, { stays: graph.trained.map(gradientName), precision })
      const squares = await store.compile(squaresGraph(entries))
      const updates: Update[] = []
      for (const group of groups(entries, rateOf)) {
        const outputs = updateGraph(
          group.entries.map((entry) => ({ ...entry, decays: decays(entry) })),
          {
            averages: host.average !== undefined,
          },
        )
        const stays = Object.keys(outputs).filter((name) => name !== 'check')
        updates.push({ executable: await store.compile(outputs, { stays }), ...group })
      }
      return new ResidentTraining(model, host, options, store, graph, { pass, squares, updates })
    } catch (error) {
      await store.release()
      throw error
    }
  }

  reset(loss_scale = 1): void {
    this.loss_scale = loss_scale
    this.isFirstPass = true
  }

  async add(pass: Pass, masks: DropoutMasks): Promise<number> {
    await this.upload()
    const { geometry, engine } = this.model
    const packed = pack(pass.rows, geometry, engine.multiples)
    const targets = lossInputs(pass, packed.dims.length, this.options)
    const inputs = {
      ...{ ...packed.inputs, ...targets.inputs, [FIRST]: int32Value(Int32Array.of(Number(this.isFirstPass)), []) },
      ...this.lookups(packed.inputs),
      ...(await this.dropout(pass, packed.dims, masks)),
      ...(precisionOf(this.options) === 'float16' && { [LOSS_SCALE]: scalarValue(this.loss_scale) }),
    }
    const { parameters, passes } = this.slots
    const pools = Object.fromEntries([...this.pools.keys()].map((p) => [poolName(p), poolName(p)]))
    const from = { ...parameters, ...passes.from, ...pools }
    const { loss } = await this.graphs.pass.run(inputs, { from, to: passes.to })
    this.isFirstPass = false
    return Number(loss.data[0]) - targets.excess
  }

  async norm(): Promise<number> {
    const { squares } = await this.graphs.squares.run({}, { from: this.slots.passes.to, to: {} })
    const norm = Math.sqrt(Number(squares.data[0]))
    if (!Number.isFinite(norm)) await this.read(this.host.gradients, gradientName)
    return norm
  }

  async step(learning_rate: number, clip: number): Promise<boolean> {
    this.taken++
    const { ema_decay } = this.options
    let allFinite = true
    for (const { executable, entries, rate } of this.graphs.updates) {
      const step = { step: this.taken, learning_rate: learning_rate * rate, clip }
      const factors = adamwFactors(this.options, step)
      const inputs = {
        ...Object.fromEntries(FACTORS.map((name) => [name, scalarValue(factors[name])])),
        ...(ema_decay !== null && { [AVERAGE_SHARE]: scalarValue(shareOfStep(ema_decay, this.taken)) }),
      }
      const values = entries.flatMap(({ name }) => [
        ...[name, momentName(name), varianceName(name)],
        ...(ema_decay !== null ? [averageName(name)] : []),
      ])
      const from = Object.fromEntries([...values, ...entries.map(({ name }) => gradientName(name))].map((v) => [v, v]))
      const to = Object.fromEntries(values.map((value) => [nextName(value), value]))
      const { check } = await executable.run(inputs, { from, to })
      allFinite = check.data[0] === 0 && allFinite
    }
    this.isAhead = true
    return allFinite
  }

  async fetch(): Promise<void> {
    if (!this.isAhead) return
    await this.read(this.host.parameters, (name) => name)
    await this.read(this.host.exp_avg, momentName)
    await this.read(this.host.exp_avg_sq, varianceName)
    if (this.host.average) await this.read(this.host.average, averageName)
    this.model.parameters.changed()
    this.isAhead = false
  }

  changed(): void {
    this.isBehind = true
    this.isAhead = false
  }

  async release(): Promise<void> {
    await this.store.release()
  }

  private async upload(): Promise<void> {
    if (!this.isBehind) return
    const { exp_avg, exp_avg_sq, gradients, average } = this.host
    const { parameters } = this.model
    // One after the other, so that only one copy is in memory at a time.
    for (const { name } of parameters.entries) await this.store.write({ [name]: parameters.value(name) })
    for (const { name } of gradients.entries) {
      await this.store.write({ [momentName(name)]: exp_avg.value(name) })
      await this.store.write({ [varianceName(name)]: exp_avg_sq.value(name) })
      await this.store.write({ [gradientName(name)]: gradients.value(name) })
      if (average) await this.store.write({ [averageName(name)]: average.value(name) })
    }
    this.isBehind = false
  }

  private async read(into: FlatParameters, slotOf: (name: string) => string): Promise<void> {
    for (const { name } of into.entries) into.view(name).set((await this.store.read(slotOf(name))).data as Float32Array)
  }

  private lookups(inputs: Packed['inputs']): Values {
    return Object.assign(
      {},
      ...this.graph.lookups.map(({ index, padding_idx }) => {
        const { unique, slots } = distinctRows(inputs[index].data as Int32Array, padding_idx)
        return {
          [uniqueName(index)]: int64Value(BigInt64Array.from(unique, BigInt), [unique.length, 1]),
          [distinctName(index)]: int32Value(unique, [unique.length]),
          [countName(index)]: int32Value(Int32Array.from(unique.keys()), [unique.length, 1]),
          [slotName(index)]: int32Value(slots, [1, slots.length]),
        }
      }),
    )
  }

  /** Returns where the masks of the pass begin, in pools that are on the device. */
  private async dropout(pass: Pass, dims: Packed['dims'], { pooled }: DropoutMasks): Promise<Values> {
    const { dropout } = this.graph
    if (dropout.length === 0) return {}
    if (!pooled)
      throw new SpanforgeError(`${this.model.engine.name}: cannot resume a run that spanforge 0.1 began`, {
        remedy: 'Resume it with --device cpu.',
      })
    for (const { probability } of dropout) {
      if (this.pools.get(probability) === pooled.round) continue
      const values = pooled.values(probability, POOL_SIZE)
      await this.store.write({ [poolName(probability)]: float32Value(values, [POOL_SIZE, 1]) })
      this.pools.set(probability, pooled.round)
    }
    const starts = dropout.map((site, number) => {
      const sizes = bindShape(site.shape, dims)
      const values = pooled.starts(number, { ...site, dims: sizes }, pass)
      const [first, , length] = sizes
      return [
        startsName(site.name),
        int32Value(values, sizes.length === 2 ? [first, 1] : [first, 1, length, 1]),
      ] as const
    })
    return {
      ...Object.fromEntries(starts),
      [WIDTHS]: int32Value(
        Int32Array.from(pass.rows, ({ attended }) => attended),
        [dims.rows, 1, 1, 1],
      ),
      [ROW_POSITIONS]: int32Value(
        Int32Array.from({ length: dims.length }, (_, i) => i),
        [1, 1, 1, dims.length],
      ),
    }
  }
}

/** Slots of the gradients that a pass reads and replaces. */
interface Passes {
  readonly from: Readonly<Record<string, string>>
  readonly to: Readonly<Record<string, string>>
}

const passSlots = (entries: readonly FlatEntry[]): Passes => ({
  from: Object.fromEntries(entries.map(({ name }) => [sofarName(name), gradientName(name)])),
  to: Object.fromEntries(entries.map(({ name }) => [gradientName(name), gradientName(name)])),
})

/**
 * Groups consecutive parameters with the same rate, so that a group has at most TOGETHER weights, or is a single larger
 * parameter.
 */
function groups(entries: readonly FlatEntry[], rateOf: RateOf): Pick<Update, 'entries' | 'rate'>[] {
  const found: { readonly entries: FlatEntry[]; readonly rate: number }[] = []
  let size = Infinity
  for (const entry of entries) {
    const rate = rateOf(entry.name)
    size += entry.size
    if (size > TOGETHER || rate !== found.at(-1)!.rate) {
      found.push({ entries: [], rate })
      size = entry.size
    }
    found.at(-1)!.entries.push(entry)
  }
  return found
}

/**
 * The distinct rows of a table that are looked up, in ascending order, and which of these each token looks up: -1 for the
 * row of padding. At least one row is returned, which no token may look up.
 */
export function distinctRows(
  ids: Int32Array,
  padding_idx?: number,
): { readonly unique: Int32Array; readonly slots: Int32Array } {
  const found = Int32Array.from(new Set(ids)).sort()
  const trained = found.filter((id) => id !== padding_idx)
  const unique = trained.length > 0 ? trained : Int32Array.of(0)
  const slotOf = new Map(Array.from(trained, (id, slot) => [id, slot]))
  return { unique, slots: ids.map((id) => slotOf.get(id) ?? -1) }
}
