import type { Row } from '../batching/pack.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Label } from '../squad/types.ts'
import type { Geometry, ModelConfig } from './architecture.ts'

/** A model that answers questions, whether its weights can be trained or are stored in an exported file. */
export interface SpanModel {
  readonly config: ModelConfig
  readonly geometry: Geometry
  /** Human-readable name of the device that computes it. */
  readonly device: string
  /** Number of passes that are best computed at the same time (default: 1). */
  readonly lanes?: number | undefined
  /** Returns the number of weights. */
  num_parameters(): number
  /** Returns the SHA-256 of the weights. */
  digest(): Promise<string>
  /**
   * Computes the logits of each row and, if `spans` contains the answers, the loss averaged over the rows. Rows may
   * differ in length. The caller must ensure that they fit into memory. Calls in different lanes are computed at the same
   * time; a call without a lane uses all cores.
   */
  forward(
    rows: readonly Row[],
    spans?: readonly Label[],
    lane?: number,
  ): Promise<{ readonly logits: WindowLogits[]; readonly loss?: number }>
  /** Frees the memory of the engine. The next `forward` prepares it again. */
  release(): Promise<void>
}
