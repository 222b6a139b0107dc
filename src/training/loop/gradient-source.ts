import type { Pass } from '../../batching/passes.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'

/** The mask of one dropout site in this pass: `length` elements, 0 or 1 / (1 - probability). */
export type DropoutMask = (site: number, probability: number, length: number) => Float32Array

/** Computes gradients of the loss, and adds them up over the passes of a step. */
export interface GradientSource {
  /** Forgets what was added up. */
  reset(): void
  /** Adds a pass's gradients; returns its share of the step's loss. */
  add(pass: Pass, mask: DropoutMask): Promise<number>
  release(): Promise<void>
}

export interface GradientOptions {
  readonly freeze_embeddings?: boolean
  readonly freeze_layers?: number
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
