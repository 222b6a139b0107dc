import { inLanes, type Pass, type PassOptions, trainingPasses } from '../../batching/passes.ts'
import { windowLosses } from '../../inference/logits.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import { FlatParameters, totalSize } from '../../models/flat-parameters.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { precisionOf } from '../../runtime/engine.ts'
import type { LabeledWindow } from '../../squad/types.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import { AVERAGED_WEIGHTS } from '../checkpoints/run-checkpoint.ts'
import type { RunDigests } from '../checkpoints/run-digests.ts'
import type { DropoutDraws } from '../dropout/draws.ts'
import { WindowDraws } from '../dropout/window-draws.ts'
import { AdamW } from '../optimizer/adamw-optimizer.ts'
import { clipCoefficient } from '../optimizer/clip.ts'
import { FlatLoops } from '../optimizer/flat-loops.ts'
import { allocateFlat } from '../optimizer/flat-memory.ts'
import { layerRates } from '../optimizer/layer-rates.ts'
import { LossScaler } from '../optimizer/loss-scaler.ts'
import type { Optimizer } from '../optimizer/optimizer.ts'
import { learningRates } from '../optimizer/schedule.ts'
import { WeightAverage } from '../optimizer/weight-average.ts'
import type { StepBatches } from './batches.ts'
import { openFrozenLayers } from './frozen-layers.ts'
import type { GradientFactory, GradientSource } from './gradient-source.ts'
import { BatchGradient, frozenEntries } from './gradients.ts'
import {
  divergedModel,
  hugeWeight,
  largestWeight,
  likelyCause,
  MAX_WEIGHT,
  nonfiniteGradient,
  nonfiniteUpdate,
} from './nonfinite.ts'
import { type HostArrays, ResidentTraining } from './resident-training.ts'
import { openTeacherLogits } from './teacher-logits.ts'
import type { WindowFile, WindowFileOptions } from './window-file.ts'

export interface StepResult {
  /** Mean over the step's batches of their mean loss. */
  readonly loss: number
  /** Norm of all gradients together, before clipping. */
  readonly grad_norm: number
  readonly learning_rate: number
  readonly samples: number
  /** Real tokens. */
  readonly tokens: number
  /** In float16: the factor of the loss whose gradients were computed. */
  readonly loss_scale?: number
  /** False if the step was skipped because a loss or gradient was not finite, or overflowed in float16. */
  readonly taken: boolean
}

/**
 * Performs optimizer steps: gradients of a group of batches, clipping and AdamW. Moves the model's weights into its own
 * memory.
 */
export class Stepper {
  readonly optimizer: Optimizer
  /** With ema_decay: the moving average of the weights, which is evaluated and saved in their place. */
  readonly average: WeightAverage | undefined
  /** Scales the loss in float16. Its state is saved with checkpoints too. */
  readonly scaler: LossScaler | undefined
  /** Draws dropout masks; replaced when a run resumes from a checkpoint of spanforge 0.1, which drew them per pass. */
  draws: DropoutDraws
  private learningRate: (step: number) => number
  private frozen: WindowFile | undefined
  private taught: WindowFile | undefined

  private constructor(
    private readonly model: QuestionAnsweringModel,
    private readonly args: TrainingArguments,
    private readonly loops: FlatLoops,
    private readonly trained: HostArrays,
    private readonly source: GradientSource,
    optimizer: Optimizer | undefined,
    max_steps: number,
  ) {
    const { parameters, gradients, exp_avg, exp_avg_sq } = trained
    const arrays = {
      ...{ parameters: parameters.data, gradients: gradients.data },
      ...{ exp_avg: exp_avg.data, exp_avg_sq: exp_avg_sq.data },
    }
    this.optimizer =
      optimizer ?? new AdamW(loops, arrays, { exp_avg, exp_avg_sq }, args, layerRates(model.specs, args.layer_lr_decay))
    this.average = trained.average && new WeightAverage(loops, parameters, trained.average, args.ema_decay!)
    this.scaler = precisionOf(args) === 'float16' ? new LossScaler() : undefined
    this.draws = new WindowDraws(args.seed)
    this.learningRate = learningRates(args, max_steps)
  }

  static async open(
    model: QuestionAnsweringModel,
    args: TrainingArguments,
    max_steps: number,
    gradientsOf?: GradientFactory,
  ): Promise<Stepper> {
    const { entries, size, data } = model.parameters
    const first = frozenEntries(model, args)
    const n = size - totalSize(entries.slice(0, first))
    const averaged = args.ema_decay === null ? 0 : n
    const lengths = { parameters: size, gradients: n, exp_avg: n, exp_avg_sq: n, average: averaged }
    const memory = allocateFlat(lengths, { isShared: model.engine.acceptsSharedMemory })
    const loops = new FlatLoops(memory)
    memory.arrays.parameters.set(data)
    model.parameters = new FlatParameters(entries, memory.arrays.parameters)
    const { parameters, gradients, exp_avg, exp_avg_sq, average } = memory.arrays
    const like = (data: Float32Array) => model.parameters.from(first, data)
    const trained = {
      ...{ parameters: like(parameters.subarray(size - n)), gradients: like(gradients) },
      ...{ exp_avg: like(exp_avg), exp_avg_sq: like(exp_avg_sq) },
      ...(averaged > 0 && { average: like(average) }),
    }
    if (!gradientsOf && model.engine.openStore) {
      const resident = await ResidentTraining.open(model, trained, args, layerRates(model.specs, args.layer_lr_decay))
      return new Stepper(model, args, loops, trained, resident, resident, max_steps)
    }
    const source = await (gradientsOf ?? BatchGradient.open)(model, gradients, args, (array) => loops.clear(array))
    return new Stepper(model, args, loops, trained, source, undefined, max_steps)
  }

  /**
   * What checkpoints contain besides the model, by name. Those of a run with ema_decay have the average in the model, so
   * that it is what users load, and here the weights.
   */
  get state(): Optimizer['state'] {
    return { ...this.optimizer.state, ...(this.average && { [AVERAGED_WEIGHTS]: this.average.values }) }
  }

  /** Exchanges the weights of the model and their average, if there is one. */
  exchange(): void {
    if (!this.average) return
    this.average.exchange()
    this.model.parameters.changed()
  }

  /** With `freeze_layers`, computes the output of the frozen layers for every window. */
  async freeze(windows: readonly LabeledWindow[], options: WindowFileOptions = {}): Promise<void> {
    if (this.args.freeze_layers > 0)
      this.frozen = await openFrozenLayers(this.model, windows, { ...this.args, ...options })
  }

  /** Computes the logits of a teacher for every window, unless they are stored. */
  async teach(
    teacher: SpanModel,
    windows: readonly LabeledWindow[],
    options: WindowFileOptions & { readonly digests?: RunDigests } = {},
  ): Promise<void> {
    this.taught = await openTeacherLogits(teacher, this.model, windows, { ...this.args, ...options })
  }

  /** Sets the length of the run, which determines the learning rates. */
  schedule(max_steps: number): void {
    this.learningRate = learningRates(this.args, max_steps)
  }

  /** Performs a step with learning rate 0, for measuring. It changes no weights. Returns its number of tokens. */
  async rehearse(group: StepBatches, windows: readonly LabeledWindow[]): Promise<number> {
    await this.gradients(0, group, windows)
    if (Number.isFinite(await this.gradientNorm())) await this.optimizer.step(0, 0)
    for (const { data } of Object.values(this.optimizer.state)) data.fill(0)
    this.optimizer.changed?.()
    this.optimizer.taken = 0
    return group.flat().reduce((n, i) => n + windows[i].input_ids.length, 0)
  }

  /**
   * Performs step number `step` of the run, starting at 0, on the windows of `group`. As in the Trainer, a step that
   * overflows in float16 is skipped, and the schedule of the learning rate waits for it.
   */
  async step(step: number, group: StepBatches, windows: readonly LabeledWindow[]): Promise<StepResult> {
    const { scaler } = this
    const loss_scale = scaler?.scale
    const unscale = 1 / (loss_scale ?? 1)
    const loss = await this.gradients(step, group, windows)
    const grad_norm = (await this.gradientNorm()) * unscale
    const learning_rate = this.learningRate(scaler ? this.optimizer.taken : step)
    const taken = Number.isFinite(loss) && Number.isFinite(grad_norm)
    const isFailure = !taken && (scaler?.isExhausted ?? true)
    const failed = () => ({ step: step + 1, loss, grad_norm, learning_rate, hasTrained: this.hasTrained })
    if (isFailure && this.args.on_nonfinite === 'stop')
      throw nonfiniteGradient(failed(), this.trained.parameters.entries, this.trained.gradients.data, this.args)
    if (taken && !(await this.update(learning_rate, grad_norm, unscale)))
      throw nonfiniteUpdate(failed(), this.trained.parameters, this.optimizer.state, this.args)
    scaler?.update(!taken)
    const all = group.flat()
    const tokens = all.reduce((n, i) => n + windows[i].input_ids.length, 0)
    const norm = Math.fround(grad_norm)
    const scaled = loss_scale !== undefined && { loss_scale }
    return { loss, grad_norm: norm, learning_rate, samples: all.length, tokens, taken, ...scaled }
  }

  async release(): Promise<void> {
    await this.source.release()
    await this.loops.release()
    await this.frozen?.close()
    await this.taught?.close()
    const { entries, data } = this.model.parameters
    // For engines that do not accept shared memory. The copy of a shared array is not shared.
    if (data.buffer instanceof SharedArrayBuffer) this.model.parameters = new FlatParameters(entries, data.slice())
  }

  /** Accumulates the gradients of all passes of all batches. Returns the loss. */
  private async gradients(step: number, group: StepBatches, windows: readonly LabeledWindow[]): Promise<number> {
    await this.source.reset(this.scaler?.scale)
    const losses: number[] = []
    let first_place = 0
    for (const batch of group) {
      const lanes = await this.passes(batch, windows, { batches: group.length, first_place })
      const before = losses.length
      const add = (pass: Pass, i: number, lane?: number) =>
        this.source.add(pass, this.draws.masks(step, before + i), lane)
      losses.push(...(await inLanes(lanes, add)))
      first_place += batch.length
    }
    const loss = losses.reduce((a, b) => a + b, 0)
    return this.source.join?.(loss) ?? loss
  }

  private async passes(
    batch: readonly number[],
    windows: readonly LabeledWindow[],
    place: Pick<PassOptions, 'batches' | 'first_place'>,
  ): Promise<Pass[][]> {
    const { padding, max_tokens_per_pass } = this.args
    const { geometry } = this.model
    const { max_seq_length } = windowLengths(this.args, geometry)
    const read = async (file: WindowFile | undefined) => file && Promise.all(batch.map((i) => file.read(i)))
    const [hidden, teacher_logits] = [await read(this.frozen), await read(this.taught)]
    const shape = { padding, max_seq_length, pad_token_id: geometry.padding_row ?? 0 }
    return trainingPasses(
      batch.map((i) => windows[i]),
      {
        ...{ ...shape, ...place, max_tokens_per_pass, hidden, teacher_logits },
        ...{ lanes: this.source.lanes ?? 1, share: this.source.share },
      },
    )
  }

  private get hasTrained(): boolean {
    return this.optimizer.taken > 0
  }

  private async gradientNorm(): Promise<number> {
    const norm = await this.source.norm?.()
    if (norm !== undefined && Number.isFinite(norm)) return norm
    return this.loops.norm(this.trained.gradients.data)
  }

  /** Whether the weights and the optimizer's state are finite afterwards. */
  private async update(learning_rate: number, grad_norm: number, unscale: number): Promise<boolean> {
    const clip = clipCoefficient(grad_norm, this.args.max_grad_norm)
    const succeeded = await this.optimizer.step(learning_rate, clip * unscale)
    // On a device, the step itself has updated the average there.
    if (!this.optimizer.fetch) await this.average?.update(this.optimizer.taken)
    this.model.parameters.changed()
    if (!succeeded) await this.optimizer.fetch?.()
    return succeeded
  }

  /**
   * Computes the loss of one training window with the current weights, because finite weights may still be too large to
   * compute with. Afterwards, weights and optimizer state are in the memory of the CPU.
   * @throws SpanforgeError if the loss is not finite or a weight is huge
   */
  async probe(place: string, windows: readonly LabeledWindow[], remedy?: string): Promise<void> {
    await this.optimizer.fetch?.()
    const { loss } = await windowLosses(this.model, windows.slice(0, 1))
    if (!Number.isFinite(loss))
      throw divergedModel(place, loss, largestWeight(this.model.parameters), remedy ?? this.likelyCause())
    this.rejectHugeWeights(place, remedy)
  }

  /** @throws SpanforgeError for weights that are finite, but far larger than those of any trained model */
  rejectHugeWeights(place: string, remedy?: string): void {
    const largest = largestWeight(this.model.parameters)
    if (largest.size > MAX_WEIGHT) throw hugeWeight(place, largest, remedy ?? this.likelyCause())
  }

  private likelyCause(): string {
    const { learning_rate } = this.args
    return likelyCause({ learning_rate, grad_norm: 0, hasTrained: this.hasTrained }, this.args)
  }
}
