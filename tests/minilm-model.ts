import { readFileSync } from 'node:fs'
import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../src/inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../src/models/question-answering.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { createDataset } from '../src/squad/dataset.ts'
import { parseSquad } from '../src/squad/reading/squad-json.ts'
import type { LabeledWindow } from '../src/squad/types.ts'
import { readRecorded } from './read-safetensors.ts'
import { shared } from './shared.ts'
import { withoutDropout } from './tiny-model.ts'

const UNDETERMINED = /attention\.self\.key\.bias|qa_outputs\.bias|layer\.5\.output\.LayerNorm\.bias/

/**
 * Whether the gradient of a parameter is more than rounding errors. That of the others is zero: adding the same number to
 * all keys or logits changes no softmax.
 */
export const isDetermined = (parameter: string): boolean => !UNDETERMINED.test(parameter)

/** MiniLM without dropout, with the head from which all recordings started. */
export async function miniLm(engine?: Engine): Promise<QuestionAnsweringModel> {
  const { model } = await loadPretrained(shared('models/minilm-l6-h384'), { engine })
  for (const [name, { data }] of Object.entries(readRecorded(shared('reference/minilm/head.safetensors'))))
    model.parameters.view(name).set(data)
  return withoutDropout(model)
}

/** Reads the first windows of a data file, from at most as many questions. */
export async function firstWindows(file: string, count: number): Promise<LabeledWindow[]> {
  const tokenizer = await loadTokenizer(shared('models/minilm-l6-h384'))
  const examples = parseSquad(readFileSync(shared(`data/${file}`), 'utf8'), file).slice(0, count)
  return createDataset(tokenizer, examples, { max_seq_length: 384, doc_stride: 128 }).windows.slice(0, count)
}
