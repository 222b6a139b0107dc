import type { Tensor } from '../graph/tensor.ts'
import { linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'

/** Question-answering head of most architectures: computes start and end logits [tokens, 2] from [tokens, hidden_size]. */
export const qaOutputs = (p: Parameters, _config: unknown, hidden: Tensor): Tensor =>
  linear(p.at('qa_outputs'), hidden, 2)
