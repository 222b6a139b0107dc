import type { LoadReport } from '../../checkpoint/load-parameters.ts'
import type { ModelConfig, ParameterSpec } from '../../models/architecture.ts'
import { architectureOf } from '../../models/registry.ts'
import { parameterTable } from '../../report/summary/architecture.ts'
import type { ModelFacts } from '../../report/summary/run.ts'

/** The facts about a model for reports and `inspect`. */
export function modelFacts(
  name: string,
  config: ModelConfig,
  parameters: readonly ParameterSpec[],
  { missing, unexpected, mismatched }: LoadReport,
): ModelFacts {
  const { class_name, geometry } = architectureOf(config)
  const { layers, heads, hidden_size, intermediate_size, activation, vocab_size, max_positions } = geometry(config)
  return {
    name,
    architecture: class_name,
    num_hidden_layers: layers,
    hidden_size,
    num_attention_heads: heads,
    intermediate_size,
    hidden_act: activation,
    vocab_size,
    max_position_embeddings: max_positions,
    parameters: parameterTable(parameters),
    head: parameters.filter(({ part }) => part.role === 'head').map((spec) => spec.name),
    missing: [...missing, ...mismatched.map((mismatch) => mismatch.name)],
    unexpected,
  }
}
