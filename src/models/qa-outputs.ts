import type { Tensor } from '../graph/tensor.ts'
import { linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'

/** The question-answering head of most families: start and end logits [tokens, 2] of the hidden state [tokens, hidden_size]. */
export const qaOutputs = (p: Parameters, _config: unknown, hidden: Tensor): Tensor =>
  linear(p.at('qa_outputs'), hidden, 2)
