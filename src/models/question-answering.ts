import { createHash } from 'node:crypto'
import { pack, type Row } from '../batching/pack.ts'
import { spanTargets } from '../batching/span-targets.ts'
import type { ParameterSpec } from '../nn/parameters.ts'
import { type Engine, type Executable, float32Value, type Precision } from '../runtime/engine.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Label } from '../squad/types.ts'
import type { Architecture, Geometry, ModelConfig } from './architecture.ts'
import { FlatParameters, ResidentParameters } from './flat-parameters.ts'
import { evaluationGraph, parameterSpecs } from './programs.ts'
import { architectureOf } from './registry.ts'
import type { SpanModel } from './span-model.ts'

interface ModelSession {
  readonly executable: Executable
  readonly weights: ResidentParameters
}

/** Number of bytes that are digested at once. */
const DIGESTED = 2 ** 26

/**
 * An encoder with a question-answering head. All weights are in one flat array, and a session handles batches of any
 * shape.
 */
export class QuestionAnsweringModel implements SpanModel {
  readonly architecture: Architecture
  readonly geometry: Geometry
  /** Specifications of the parameters, in memory order. */
  readonly specs: readonly ParameterSpec[]
  /** The weights. A trainer may move them to its own memory. Call `parameters.changed()` after modifying them. */
  parameters: FlatParameters
  /** Sessions, by lane of the engine. */
  private sessions: Promise<ModelSession>[] = []

  constructor(
    readonly config: ModelConfig,
    readonly engine: Engine,
    parameters?: FlatParameters,
    /** Precision of `forward`. */
    private computesIn: Precision = 'float32',
  ) {
    this.architecture = architectureOf(config)
    this.geometry = this.architecture.geometry(config)
    this.specs = parameterSpecs(config)
    this.parameters = parameters ?? new FlatParameters(this.specs)
  }

  get precision(): Precision {
    return this.computesIn
  }

  /** Sets the precision, starting with the next `forward`. */
  async computeIn(precision: Precision): Promise<void> {
    if (precision === this.computesIn) return
    this.computesIn = precision
    await this.release()
  }

  get device(): string {
    return this.engine.device
  }

  get lanes(): number | undefined {
    return this.engine.lanes
  }

  async digest(): Promise<string> {
    const { buffer, byteOffset, byteLength } = this.parameters.data
    const bytes = new Uint8Array(buffer, byteOffset, byteLength)
    const hash = createHash('sha256')
    // An update takes less than 2 GB.
    for (let from = 0; from < bytes.length; from += DIGESTED) hash.update(bytes.subarray(from, from + DIGESTED))
    return hash.digest('hex')
  }

  num_parameters(): number {
    return this.parameters.size
  }

  async forward(
    rows: readonly Row[],
    spans?: readonly Label[],
    lane?: number,
  ): Promise<{ logits: WindowLogits[]; loss?: number }> {
    const { dims, inputs } = pack(rows, this.geometry, this.engine.multiples)
    const lengths = rows.map(({ input_ids }) => input_ids.length)
    const logits = new Float32Array(rows.length * 2 * dims.length)
    const loss = new Float32Array(1)
    this.sessions[lane ?? 0] ??= this.compile(lane)
    const { executable, weights } = await this.sessions[lane ?? 0]
    weights.follow(this.parameters)
    await executable.run(
      { ...inputs, span_targets: spanTargets(spans ?? [], lengths, dims.length) },
      { logits: float32Value(logits, [rows.length, 2, dims.length]), loss: float32Value(loss, []) },
      { isShared: lane !== undefined },
    )
    const part = (r: number, side: 0 | 1) => {
      const from = (2 * r + side) * dims.length
      return logits.slice(from, from + lengths[r])
    }
    return {
      logits: rows.map((_, r) => ({ start_logits: part(r, 0), end_logits: part(r, 1) })),
      loss: spans && loss[0],
    }
  }

  private async compile(lane?: number): Promise<ModelSession> {
    const executable = await this.engine.compile(evaluationGraph(this.config), { precision: this.computesIn, lane })
    return { executable, weights: new ResidentParameters(executable) }
  }

  /** Frees the sessions but keeps the weights. */
  async release(): Promise<void> {
    const sessions = await Promise.all(this.sessions)
    this.sessions = []
    for (const session of sessions) await session?.executable.release()
  }
}
