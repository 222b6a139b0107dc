import { SpanforgeError } from '../errors.ts'
import { cutIntoPasses, toRows } from '../inference/rows.ts'
import { FlatParameters } from '../models/flat-parameters.ts'
import type { BertForQuestionAnswering } from '../models/question-answering.ts'
import { countSpans } from '../models/span-targets.ts'
import type { LabelledWindow } from '../squad/types.ts'
import { adamwStep, type DecayRange, decayRanges } from './adamw.ts'
import type { TrainingArguments } from './arguments.ts'
import type { Group } from './batches.ts'
import { clipCoefficient, firstNonFinite, gradientNorm } from './clip.ts'
import { DropoutPool } from './dropout-pool.ts'
import { allocateFlat, type FlatMemory } from './flat-memory.ts'
import { BatchGradient, type Pass } from './gradients.ts'
import { learningRates } from './schedule.ts'

type Arrays = 'parameters' | 'gradients' | 'passGradients' | 'exp_avg' | 'exp_avg_sq'

export interface StepResult {
  /** Mean over the step's batches of their mean loss. */
  readonly loss: number
  /** Of all gradients together, before clipping. */
  readonly grad_norm: number
  readonly learning_rate: number
  readonly samples: number
  /** Real tokens. */
  readonly tokens: number
  /** False where a loss or gradient was not finite and the step was left out. */
  readonly taken: boolean
}

/** Takes optimizer steps: gradients of a group of batches, clipping, AdamW. The model's weights move into its memory. */
export class Stepper {
  /** How many steps the moments have seen: not those that were skipped. */
  taken = 0
  private readonly ranges: readonly DecayRange[]
  private readonly pool: DropoutPool
  private readonly learningRate: (step: number) => number

  private constructor(
    private readonly model: BertForQuestionAnswering,
    private readonly args: TrainingArguments,
    private readonly memory: FlatMemory<Arrays>,
    private readonly gradient: BatchGradient,
    max_steps: number,
  ) {
    this.ranges = decayRanges(model.parameters.entries, args.weight_decay)
    this.pool = new DropoutPool(args.seed)
    this.learningRate = learningRates(args, max_steps)
  }

  static async create(model: BertForQuestionAnswering, args: TrainingArguments, max_steps: number): Promise<Stepper> {
    const n = model.parameters.size
    const memory = allocateFlat({ parameters: n, gradients: n, passGradients: n, exp_avg: n, exp_avg_sq: n })
    memory.arrays.parameters.set(model.parameters.data)
    model.parameters = new FlatParameters(model.parameters.entries, memory.arrays.parameters)
    const { engine, config, parameters } = model
    const { label_smoothing_factor } = args
    const gradient = await BatchGradient.compile(
      engine,
      config,
      parameters,
      memory.arrays,
      memory.kernels,
      label_smoothing_factor,
    )
    return new Stepper(model, args, memory, gradient, max_steps)
  }

  /** Adam's moments, which a resumed run needs. */
  get moments(): { exp_avg: FlatParameters; exp_avg_sq: FlatParameters } {
    const { entries } = this.model.parameters
    const { exp_avg, exp_avg_sq } = this.memory.arrays
    return { exp_avg: new FlatParameters(entries, exp_avg), exp_avg_sq: new FlatParameters(entries, exp_avg_sq) }
  }

  /** Step number `step` of the run, from 0, over the windows of `group`. */
  async step(step: number, group: Group, windows: readonly LabelledWindow[]): Promise<StepResult> {
    const batches = group.map((batch) => batch.map((i) => windows[i]!))
    const losses = await this.gradients(step, batches)
    const loss = losses.reduce((a, b) => a + b, 0)
    const grad_norm = gradientNorm(this.memory.kernels, this.memory.arrays.gradients)
    const learning_rate = this.learningRate(step)
    const taken = Number.isFinite(loss) && Number.isFinite(grad_norm)
    if (taken) this.update(learning_rate, clipCoefficient(grad_norm, this.args.max_grad_norm))
    else if (this.args.on_nonfinite === 'stop') throw this.nonfinite(step, loss)
    const all = batches.flat()
    const tokens = all.reduce((n, { input_ids }) => n + input_ids.length, 0)
    return { loss, grad_norm: Math.fround(grad_norm), learning_rate, samples: all.length, tokens, taken }
  }

  async release(): Promise<void> {
    await this.gradient.release()
  }

  /** Adds up the gradients of all passes of all batches; returns each pass's share of the loss. */
  private async gradients(step: number, batches: readonly LabelledWindow[][]): Promise<number[]> {
    this.gradient.reset()
    const losses: number[] = []
    for (const batch of batches)
      for (const pass of this.passes(batch, batches.length))
        losses.push(await this.gradient.add(pass, this.pool.masks(step, losses.length)))
    return losses
  }

  private passes(batch: readonly LabelledWindow[], batches: number): Pass[] {
    const { padding, max_seq_length, max_tokens_per_pass } = this.args
    const rows = toRows(batch, { padding, max_seq_length, pad_token_id: this.model.config.pad_token_id })
    const lengths = rows.map(({ input_ids }) => input_ids.length)
    const { starts, ends } = countSpans(batch, lengths)
    // A step is the mean of its batches, each the mean of its windows.
    const counts = { starts: starts * batches, ends: ends * batches }
    return cutIntoPasses(lengths, max_tokens_per_pass).map((indices) => ({
      rows: indices.map((i) => rows[i]!),
      spans: indices.map((i) => batch[i]!),
      counts,
    }))
  }

  private update(learning_rate: number, clip: number): void {
    this.taken++
    adamwStep(this.memory.kernels, this.memory.arrays, this.ranges, this.args, {
      step: this.taken,
      learning_rate,
      clip,
    })
  }

  private nonfinite(step: number, loss: number): SpanforgeError {
    const parameter = firstNonFinite(this.memory.arrays.gradients, this.model.parameters.entries)
    const where = parameter ? `, and the gradient of ${parameter.name} holds ${parameter.value}` : ''
    return new SpanforgeError(`training: step ${step + 1}: the loss is ${loss}${where}`, {
      remedy:
        `The learning rate (${this.args.learning_rate}) is the usual reason: lower it. ` +
        'on_nonfinite skip leaves such steps out instead of stopping.',
    })
  }
}
