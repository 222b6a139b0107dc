import type { Pass, Share } from '../../batching/passes.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { DropoutMasks } from '../dropout/draws.ts'

/** Computes gradients of the loss, and adds them up over the passes of a step. */
export interface GradientSource {
  /** Number of lanes that can add passes at the same time (default: 1). */
  readonly lanes?: number
  /** Forgets what was added up. */
  reset(): void
  /** Adds a pass's gradients; returns its share of the step's loss. Without a lane, it is the only pass at the time. */
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

export interface GradientOptions {
  readonly freeze_embeddings?: boolean
  readonly freeze_layers?: number
  readonly gradient_checkpointing?: boolean
  readonly label_smoothing_factor?: number
  /** Multiplies in bfloat16; the gradients are float32. */
  readonly bf16?: boolean
}

/** Makes a source of gradients. It adds into `gradients`, which holds those of the trained parameters in their order. */
export type GradientFactory = (
  model: QuestionAnsweringModel,
  gradients: Float32Array,
  options: GradientOptions,
) => Promise<GradientSource>
