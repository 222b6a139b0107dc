import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pack } from '../../batching/pack.ts'
import { cutIntoPasses } from '../../batching/passes.ts'
import { toRows } from '../../batching/rows.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { frozenGraph } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import { type Ranks, together } from '../../ranks/ranks.ts'
import { type Executable, float32Value, precisionOf, type ReducedPrecision } from '../../runtime/engine.ts'
import type { Window } from '../../squad/types.ts'

export interface FreezeOptions {
  /** The processes that share the work. All must have the same windows. */
  readonly ranks?: Ranks
  /** Called with the number of windows that have passed through the frozen layers. */
  readonly onProgress?: (done: number) => void
}

interface FrozenOptions extends FreezeOptions, ReducedPrecision {
  readonly freeze_layers: number
  readonly max_tokens_per_pass: number
  readonly output_dir: string
}

/**
 * The output of the frozen layers for each training window, computed once and stored in a file of the output folder, or
 * in one file for each host. The operating system caches frequently read parts in memory.
 */
export class FrozenLayers {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Byte offset of each window, and the end of the last one. */
    private readonly offsets: Float64Array,
    private readonly isOwner: boolean,
  ) {}

  static async open(
    model: QuestionAnsweringModel,
    windows: readonly Window[],
    options: FrozenOptions,
  ): Promise<FrozenLayers> {
    const { output_dir, ranks, max_tokens_per_pass } = options
    const { hidden_size } = model.geometry
    const lengths = windows.map(({ input_ids }) => input_ids.length)
    const offsets = new Float64Array(windows.length + 1)
    for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i] + length * hidden_size * 4
    const isOwner = !ranks || ranks.local.rank === 0
    const path = join(output_dir, fileName(ranks))
    const created = await together(ranks, async () => (isOwner ? create(path) : undefined))
    try {
      const passes = cutIntoPasses(lengths, max_tokens_per_pass)
      await computePasses(model, windows, passes, options, async (pass, bytes) => {
        let start = 0
        for (const i of pass) {
          const end = start + offsets[i + 1] - offsets[i]
          if (created) await writeAt(path, created, bytes.subarray(start, end), offsets[i])
          start = end
        }
      })
      const file = created ?? (await open(path, 'r'))
      return new FrozenLayers(path, file, offsets, isOwner)
    } catch (error) {
      await created?.close()
      if (isOwner) await rm(path, { force: true })
      throw explain(path, error)
    }
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
    if (this.isOwner) await rm(this.path, { force: true })
  }
}

const FILE = '.frozen-layers'

/** The ranks on a host share a file, which the first of them writes. Hosts may have the same output folder. */
const fileName = (ranks: Ranks | undefined): string =>
  ranks ? `${FILE}-${ranks.hosts.indexOf(ranks.hosts[ranks.rank])}.bin` : `${FILE}.bin`

async function create(path: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true })
    return await open(path, 'w+')
  } catch (error) {
    throw explain(path, error)
  }
}

/** Writes all bytes. A single call may write fewer, for example when the disk becomes full. */
async function writeAt(path: string, file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    assertLocksHeld(path)
    for (let done = 0; done < bytes.length; )
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  } catch (error) {
    throw explain(path, error)
  }
}

/** Computes the passes, with ranks in turns, and calls `onPass` with the output of each. */
async function computePasses(
  model: QuestionAnsweringModel,
  windows: readonly Window[],
  passes: readonly (readonly number[])[],
  { freeze_layers, ranks, onProgress, ...reduced }: FrozenOptions,
  onPass: (pass: readonly number[], bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { rank, size } = ranks ?? { rank: 0, size: 1 }
  const session = await model.engine.compile(frozenGraph(model.config, freeze_layers), {
    precision: precisionOf(reduced),
  })
  session.hold(model.parameters.values())
  let done = 0
  try {
    for (let first = 0; first < passes.length; first += size) {
      const own = passes.at(first + rank)
      const bytes = await together(ranks, async () =>
        own
          ? outputOf(
              session,
              model,
              own.map((i) => windows[i]),
            )
          : new Uint8Array(0),
      )
      const all = ranks ? await ranks.gather(bytes) : [bytes]
      const computed = passes.slice(first, first + size)
      await together(ranks, async () => {
        for (const [i, pass] of computed.entries()) await onPass(pass, all[i])
      })
      done += computed.flat().length
      onProgress?.(done)
    }
  } finally {
    await session.release()
  }
}

async function outputOf(
  session: Executable,
  { geometry, engine }: QuestionAnsweringModel,
  windows: readonly Window[],
): Promise<Uint8Array> {
  const { dims, inputs } = pack(toRows(windows), geometry, engine.multiples)
  const hidden = new Float32Array(dims.tokens * geometry.hidden_size)
  await session.run(inputs, { hidden: float32Value(hidden, [dims.tokens, geometry.hidden_size]) })
  return new Uint8Array(hidden.buffer)
}
