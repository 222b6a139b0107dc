import { loadPretrained } from '../src/inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { readRecorded } from './read-safetensors.ts'
import { shared } from './shared.ts'
import { withoutDropout } from './tiny-model.ts'

/** MiniLM without dropout, with the head from which all recordings started. */
export async function miniLm(engine?: Engine): Promise<QuestionAnsweringModel> {
  const { model } = await loadPretrained(shared('models/minilm-l6-h384'), { engine })
  for (const [name, { data }] of Object.entries(readRecorded(shared('reference/minilm/head.safetensors'))))
    model.parameters.view(name).set(data)
  return withoutDropout(model)
}
