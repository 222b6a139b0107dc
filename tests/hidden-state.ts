import { bert } from '../src/models/bert.ts'
import { pack, type Row } from '../src/models/pack.ts'
import type { BertForQuestionAnswering } from '../src/models/question-answering.ts'
import { noDropout } from '../src/nn/dropout.ts'
import { Parameters } from '../src/nn/parameters.ts'
import { float32 } from '../src/runtime/engine.ts'

/** What the encoder puts out after so many layers, [rows, length, hidden]; 0 is the embeddings. Rows of one length. */
export async function hiddenState(
  { config, engine, parameters }: BertForQuestionAnswering,
  rows: readonly Row[],
  num_hidden_layers = config.num_hidden_layers,
): Promise<Float32Array> {
  const hidden = bert(new Parameters().at('bert'), { ...config, num_hidden_layers }, noDropout)
  const { dims, inputs } = pack(rows, config.num_attention_heads)
  const state = new Float32Array(dims.tokens * config.hidden_size)
  const session = await engine.compile({ hidden })
  await session.run(
    { ...parameters.values(), ...inputs },
    { hidden: float32(state, [dims.tokens, config.hidden_size]) },
  )
  await session.release()
  return state
}
