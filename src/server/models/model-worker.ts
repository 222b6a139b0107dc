/**
 * Worker that runs a model. An engine may block its thread during a pass, and the server's main thread must stay
 * responsive. Started by model-thread.ts.
 */
import { workerData } from 'node:worker_threads'
import type { Row } from '../../batching/pack.ts'
import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import { modelRevision } from '../../inference/digests.ts'
import { ExportedModel } from '../../inference/exported-model.ts'
import type { Geometry } from '../../models/architecture.ts'
import type { EngineChoice } from '../../runs/load/choose-engine.ts'
import { openModel } from '../../runs/load/load-model.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { TokenizerSettings } from '../../text/settings.ts'
import { answerCalls, Handed } from '../../threads/calls.ts'

export interface ModelWorkerData {
  readonly folder: string
  readonly choice?: EngineChoice
}

export interface LoadedInWorker {
  readonly geometry: Geometry
  readonly tokenizer: TokenizerSettings
  readonly parameters: number
  readonly device: string
  readonly exported: boolean
  readonly revision: string
  /** Default answer options, if stored with the model. */
  readonly settings?: AnswerSettings
  /** Warning about newly initialized weights. */
  readonly warning?: string
}

const { folder, choice } = workerData as ModelWorkerData
const loading = openModel(folder, { choice })
loading.catch(() => {}) // `load` reports the error

answerCalls({
  async load() {
    const { model, tokenizer, warning, settings } = await loading
    const value: LoadedInWorker = {
      geometry: model.geometry,
      tokenizer: tokenizer.settings,
      parameters: model.num_parameters(),
      device: model.device,
      exported: model instanceof ExportedModel,
      revision: await modelRevision(model, tokenizer),
      settings,
      warning,
    }
    return value
  },
  async forward(rows: readonly Row[]) {
    const { model } = await loading
    const { logits } = await model.forward(rows)
    return new Handed(logits, logits.flatMap(buffers))
  },
  async release() {
    const { model } = await loading
    await model.release()
  },
})

const buffers = ({ start_logits, end_logits }: WindowLogits): ArrayBuffer[] =>
  [start_logits.buffer, end_logits.buffer] as ArrayBuffer[]
