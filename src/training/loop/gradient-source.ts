import type { Pass } from '../../batching/passes.ts'
import type { DropoutSite } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'

/** A dropout site with the sizes that its shape has in a pass. */
export interface SizedSite extends DropoutSite {
  readonly dims: readonly number[]
}

/** Writes what a dropout site of a pass keeps into `out`, in the layout of the site's shape: 1 is kept, 0 is dropped. */
export type DropoutMasks = (number: number, site: SizedSite, pass: Pass, out: Uint8Array) => void

/** The random draws of dropout, for a step and the number of a pass within it. */
export interface DropoutDraws {
  masks(step: number, pass: number): DropoutMasks
}

/** Computes gradients of the loss, and adds them up over the passes of a step. */
export interface GradientSource {
  /** Number of lanes that can add passes at the same time (default: 1). */
  readonly lanes?: number
  /** Forgets what was added up. */
  reset(): void
  /** Adds a pass's gradients; returns its share of the step's loss. Without a lane, it is the only pass at the time. */
  add(pass: Pass, masks: DropoutMasks, lane?: number): Promise<number>
  /** Called after the last pass of a step: adds up the gradients of the lanes. */
  join?(): void
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
