import type { Row } from '../../batching/pack.ts'
import { toRows } from '../../batching/rows.ts'
import { SpanforgeError } from '../../errors.ts'
import type { EngineChoice } from '../../runs/load/choose-engine.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import { WindowCutter } from '../../squad/windows.ts'
import type { TokenizerSettings } from '../../text/settings.ts'
import { Tokenizer } from '../../text/tokenizer.ts'
import { startWorker, Thread } from '../../threads/calls.ts'
import type { LoadedInWorker, ModelWorkerData } from './model-worker.ts'

/** A model that runs in its own thread, so that the caller's thread stays responsive. */
export class ModelThread {
  readonly tokenizer: Tokenizer

  private last: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly folder: string,
    readonly facts: LoadedInWorker,
    private readonly thread: Thread,
  ) {
    this.tokenizer = new Tokenizer(facts.tokenizer satisfies TokenizerSettings)
  }

  /**
   * Loads a model folder and computes one window to verify that the model works.
   * @throws SpanforgeError if the folder is not a valid model or its outputs are not finite
   */
  static async open(folder: string, choice?: EngineChoice): Promise<ModelThread> {
    const thread = new Thread(
      startWorker(import.meta.url, './model-worker', { folder, choice } satisfies ModelWorkerData),
    )
    try {
      const model = new ModelThread(folder, await thread.call<LoadedInWorker>('load'), thread)
      await model.check()
      return model
    } catch (error) {
      await thread.end()
      throw error
    }
  }

  get isAlive(): boolean {
    return this.thread.isAlive
  }

  /** Computes the logits of each row. */
  forward(rows: readonly Row[]): Promise<WindowLogits[]> {
    const logits = this.thread.call<WindowLogits[]>('forward', rows)
    this.last = logits.catch(() => {})
    return logits
  }

  /** Ends the thread after the current pass; ending it during a pass would crash the process. */
  async end(): Promise<void> {
    await this.last
    await this.thread.call('release').catch(() => {})
    await this.thread.end()
  }

  private async check(): Promise<void> {
    const cutter = new WindowCutter(this.tokenizer, { max_seq_length: 8, doc_stride: 0 })
    const empty = cutter.cut({ id: 'check', question: '', context: '', answers: [] }, 0)
    const [logits] = await this.forward(toRows(empty))
    const numbers = [...logits.start_logits, ...logits.end_logits]
    if (numbers.every(Number.isFinite)) return
    throw new SpanforgeError(`${this.folder}: the model returned ${numbers.join(', ')}, expected finite numbers`, {
      remedy: 'The weights are probably corrupted; check them for NaN.',
    })
  }
}
