import type { LossOptions } from '../../batching/loss-inputs.ts'
import type { Pass, Share } from '../../batching/passes.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { ReducedPrecision } from '../../runtime/engine.ts'
import type { DropoutMasks } from '../dropout/draws.ts'

/** Computes gradients of the loss, and adds them up over the passes of a step. */
export interface GradientSource {
  /** Number of lanes that can add passes at the same time (default: 1). */
  readonly lanes?: number
  /** Discards the accumulated gradients. The next ones are those of the loss times `loss_scale` (default: 1). */
  reset(loss_scale?: number): void | Promise<void>
  /**
   * Adds the gradients of a pass, and returns its share of the step's loss. Without a lane, no other pass runs at the
   * same time.
   */
  add(pass: Pass, masks: DropoutMasks, lane?: number): Promise<number>
  /** The windows of each batch that this source computes, if other processes compute the others. */
  readonly share?: Share
  /**
   * Called after the last pass of a step with the loss of its passes: adds up the gradients of the lanes and of all
   * processes. Returns the loss of the whole step.
   */
  join?(loss: number): number | Promise<number>
  /**
   * Norm of all gradients together, if they are in the memory of a device. If it is not finite, the gradients are then on
   * the CPU too.
   */
  norm?(): Promise<number>
  release(): Promise<void>
}

/** The gradients are float32 even in a reduced precision. */
export interface GradientOptions extends ReducedPrecision, LossOptions {
  readonly freeze_embeddings?: boolean
  readonly freeze_layers?: number
  readonly gradient_checkpointing?: boolean
}

/** Sets an array of the size of the gradients to zero. */
export type Clear = (array: Float32Array) => Promise<void>

/**
 * Creates a source of gradients. It adds to `gradients`, which contains those of the trained parameters in their order.
 * `clear` is a fast way to set them to zero, and other arrays in the same kind of memory.
 */
export type GradientFactory = (
  model: QuestionAnsweringModel,
  gradients: Float32Array,
  options: GradientOptions,
  clear?: Clear,
) => Promise<GradientSource>
