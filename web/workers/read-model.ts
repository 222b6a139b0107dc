import type * as Ort from 'onnxruntime-web'
import type { Row } from '../../src/batching/pack.ts'
import { paddedLogits } from '../../src/batching/padded-logits.ts'
import { readTokenizerSettings, type SiteModel } from '../../src/site/manifest.ts'
import type { WindowLogits } from '../../src/squad/answers/document-logits.ts'
import { questionLayout } from '../../src/squad/windows.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import type { SerialQueue } from '../../src/threads/serial-queue.ts'
import { errorSentence, ReaderFailure } from './messages.ts'
import { webSession } from './web-session.ts'

/** A loaded model with its tokenizer. */
export class ReadModel {
  readonly tokenizer: Tokenizer

  constructor(
    private readonly ort: typeof Ort,
    private readonly session: Ort.InferenceSession,
    readonly facts: SiteModel,
    tokenizer: Uint8Array,
    private readonly turns: SerialQueue,
  ) {
    this.tokenizer = new Tokenizer(readTokenizerSettings(new TextDecoder().decode(tokenizer)))
  }

  /**
   * Computes a single window. Windows are not batched: batches are no faster in WebAssembly, and in dynamically quantized
   * models the results would depend on the other windows of the batch.
   */
  forward(row: Row): Promise<WindowLogits> {
    return this.turns.run(async () => {
      const executable = webSession(this.ort, this.session)
      try {
        const [logits] = await paddedLogits(executable, this.session.inputNames, [row], 0)
        return logits
      } catch (error) {
        const problem = `The model ${this.facts.id} has failed in this browser: ${errorSentence(error)}.`
        throw new ReaderFailure(problem, true, error)
      }
    })
  }

  /**
   * Computes a window of special tokens only, because some graphics adapters fail only then, and others after compiling
   * for seconds.
   */
  async test(): Promise<void> {
    const { before, between, after } = questionLayout(this.tokenizer)
    const input_ids = Int32Array.from([...before.ids, ...between.ids, ...after.ids])
    const row = { input_ids, token_type_ids: new Int32Array(input_ids.length), attended: input_ids.length }
    const { start_logits, end_logits } = await this.forward(row)
    if (![...start_logits, ...end_logits].every(Number.isFinite))
      throw new ReaderFailure(`The model ${this.facts.id} computes invalid numbers in this browser.`, true)
  }
}
