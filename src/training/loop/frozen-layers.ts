import { pack } from '../../batching/pack.ts'
import { toRows } from '../../batching/rows.ts'
import { frozenGraph } from '../../models/programs.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import { float32Value, precisionOf, type ReducedPrecision } from '../../runtime/engine.ts'
import type { Window } from '../../squad/types.ts'
import { WindowFile, type WindowFileOptions } from './window-file.ts'

interface FrozenOptions extends WindowFileOptions, ReducedPrecision {
  readonly freeze_layers: number
  readonly max_tokens_per_pass: number
  readonly output_dir: string
}

/**
 * Computes the output of the frozen layers for each training window, [tokens, hidden_size]. The file is deleted when it is
 * closed, because it is as large as the data and quick to recreate.
 */
export async function openFrozenLayers(
  { config, engine, geometry, parameters }: QuestionAnsweringModel,
  windows: readonly Window[],
  options: FrozenOptions,
): Promise<WindowFile> {
  const width = geometry.hidden_size
  const session = await engine.compile(frozenGraph(config, options.freeze_layers), { precision: precisionOf(options) })
  session.hold(parameters.values())
  const compute = async (some: readonly Window[]) => {
    const { dims, inputs } = pack(toRows(some), geometry, engine.multiples)
    const hidden = new Float32Array(dims.tokens * width)
    await session.run(inputs, { hidden: float32Value(hidden, [dims.tokens, width]) })
    return hidden
  }
  try {
    return await WindowFile.open(windows, { ...options, name: '.frozen-layers', width, compute })
  } finally {
    await session.release()
  }
}
