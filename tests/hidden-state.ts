import { pack, type Row } from '../src/batching/pack.ts'
import type { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import { encoder } from '../src/models/span-head.ts'
import { noDropout } from '../src/nn/dropout.ts'
import { Parameters } from '../src/nn/parameters.ts'
import { float32Value } from '../src/runtime/engine.ts'

/** The encoder's output after the given number of layers, of shape [rows, length, hidden]. Rows must have equal lengths. */
export async function hiddenState(
  { config, geometry, engine, parameters }: QuestionAnsweringModel,
  rows: readonly Row[],
  layers = geometry.layers,
): Promise<Float32Array> {
  const hidden = encoder(new Parameters(), config, noDropout, { to: layers })
  const { dims, inputs } = pack(rows, geometry)
  const state = new Float32Array(dims.tokens * geometry.hidden_size)
  const session = await engine.compile({ hidden })
  await session.run(
    { ...parameters.values(), ...inputs },
    { hidden: float32Value(state, [dims.tokens, geometry.hidden_size]) },
  )
  await session.release()
  return state
}
