import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pack } from '../../batching/pack.ts'
import { cutIntoPasses } from '../../batching/passes.ts'
import { toRows } from '../../batching/rows.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { frozenGraph } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import { float32Value } from '../../runtime/engine.ts'
import type { Window } from '../../squad/types.ts'

/** Called with the number of windows that have passed through the frozen layers. */
export type FrozenProgress = (done: number) => void

/**
 * The output of the frozen layers for each training window, computed once and stored in a file of the output folder.
 * The operating system caches frequently read parts in memory.
 */
export class FrozenLayers {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Byte offset of each window, and the end of the last one. */
    private readonly offsets: Float64Array,
  ) {}

  static async open(
    model: QuestionAnsweringModel,
    windows: readonly Window[],
    { freeze_layers, max_tokens_per_pass, output_dir, bf16 }: FrozenOptions,
    onProgress?: FrozenProgress,
  ): Promise<FrozenLayers> {
    const { hidden_size } = model.geometry
    const path = join(output_dir, '.frozen-layers.bin')
    const lengths = windows.map(({ input_ids }) => input_ids.length)
    const offsets = new Float64Array(windows.length + 1)
    for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i] + length * hidden_size * 4
    const file = await mkdir(output_dir, { recursive: true })
      .then(() => open(path, 'w+'))
      .catch((error: unknown) => Promise.reject(explain(path, error)))
    const session = await model.engine.compile(frozenGraph(model.config, freeze_layers), {
      precision: bf16 ? 'bfloat16' : 'float32',
    })
    session.hold(model.parameters.values())
    let done = 0
    try {
      for (const pass of cutIntoPasses(lengths, max_tokens_per_pass)) {
        const rows = toRows(pass.map((i) => windows[i]))
        const { dims, inputs } = pack(rows, model.geometry, model.engine.multiples)
        const hidden = new Float32Array(dims.tokens * hidden_size)
        const outputs = { hidden: float32Value(hidden, [dims.tokens, hidden_size]) }
        await session.run(inputs, outputs)
        let start = 0
        assertLocksHeld(path)
        for (const i of pass) {
          const bytes = Buffer.from(hidden.buffer, start, lengths[i] * hidden_size * 4)
          await file.write(bytes, 0, bytes.length, offsets[i])
          start += bytes.length
        }
        done += pass.length
        onProgress?.(done)
      }
    } catch (error) {
      await file.close()
      await rm(path, { force: true })
      throw explain(path, error)
    } finally {
      await session.release()
    }
    return new FrozenLayers(path, file, offsets)
  }

  /** Returns the hidden states [tokens, hidden_size] of a window. */
  async read(window: number): Promise<Float32Array> {
    const from = this.offsets[window]
    const values = new Float32Array((this.offsets[window + 1] - from) / 4)
    await this.file.read(new Uint8Array(values.buffer), 0, values.byteLength, from)
    return values
  }

  /** Deletes the file, because it is as large as the data and quick to recreate. */
  async close(): Promise<void> {
    await this.file.close()
    await rm(this.path, { force: true })
  }
}

export interface FrozenOptions {
  readonly freeze_layers: number
  readonly max_tokens_per_pass: number
  readonly output_dir: string
  readonly bf16: boolean
}
