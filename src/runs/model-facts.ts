import type { LoadReport } from '../checkpoint/load-parameters.ts'
import type { BertConfig } from '../models/config.ts'
import { parameterTable } from '../report/architecture.ts'
import type { ModelFacts } from '../report/run-summary.ts'

/** What reports and `inspect` say of a model. */
export function modelFacts(
  name: string,
  config: BertConfig,
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
  { missing, unexpected, mismatched }: LoadReport,
): ModelFacts {
  const { num_hidden_layers, hidden_size, num_attention_heads, intermediate_size } = config
  return {
    name,
    architecture: 'BertForQuestionAnswering',
    num_hidden_layers,
    hidden_size,
    num_attention_heads,
    intermediate_size,
    hidden_act: config.hidden_act,
    vocab_size: config.vocab_size,
    max_position_embeddings: config.max_position_embeddings,
    parameters: parameterTable(parameters),
    missing: [...missing, ...mismatched.map((mismatch) => mismatch.name)],
    unexpected,
  }
}
