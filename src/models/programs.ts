import { gradient } from '../autodiff/gradient.ts'
import { type Graph, input, type Tensor } from '../graph/tensor.ts'
import { type DropoutSite, dropoutInputs, noDropout } from '../nn/dropout.ts'
import { type Lookup, type ParameterSpec, Parameters } from '../nn/parameters.ts'
import { crossEntropy } from '../ops/cross-entropy.ts'
import { add } from '../ops/elementwise.ts'
import type { ModelConfig } from './architecture.ts'
import { encoder, questionAnswering } from './span-head.ts'

/** The loss of [rows, 2, length] logits: `span_bias` hides places without a token, `span_targets` weighs the rest. */
const spanLoss = (logits: Tensor): Tensor =>
  crossEntropy(add(logits, input('span_bias', ['rows', 1, 'length'])), input('span_targets', logits.shape))

/** Outputs `logits` [rows, 2, length] and `loss` []. */
export function evaluationGraph(config: ModelConfig): Graph {
  const logits = questionAnswering(new Parameters(), config, noDropout)
  return { logits, loss: spanLoss(logits) }
}

type LookedUp = Pick<Lookup, 'table' | 'index' | 'padding_idx'>

/** A gradient of gathered rows [tokens, width], to be added into the gradients of tables at the rows of an index. */
export interface RowGradient {
  readonly output: string
  readonly width: number
  readonly tables: readonly LookedUp[]
}

export interface TrainingGraph {
  /**
   * `loss` [], each of `rowGradients`, and of each parameter in `dense` `gradient.<parameter>`: its gradient, added to the
   * input `sofar.<parameter>`. Where both lie in the same memory, passes add up in place.
   */
  readonly outputs: Graph
  readonly dense: readonly string[]
  readonly rowGradients: readonly RowGradient[]
  readonly dropout: readonly DropoutSite[]
}

export const gradientName = (parameter: string): string => `gradient.${parameter}`
export const sofarName = (parameter: string): string => `sofar.${parameter}`

/** What stays as it is: always the beginning of the model. Freezing layers freezes the embeddings too. */
export interface Freeze {
  readonly freeze_embeddings?: boolean
  /** The output of so many layers is computed beforehand, and is the input `hidden` [tokens, hidden_size]. */
  readonly freeze_layers?: number
}

export function trainingGraph(config: ModelConfig, freeze: Freeze = {}): TrainingGraph {
  const { freeze_embeddings = false, freeze_layers = 0 } = freeze
  const p = new Parameters()
  const dropout: DropoutSite[] = []
  const loss = spanLoss(questionAnswering(p, config, dropoutInputs(dropout), freeze_layers))

  const lookups = freeze_embeddings ? [] : p.lookups
  const dense = [...p.specs.values()].filter((spec) => !spec.table && !isFrozen(spec, freeze))
  const gradients = gradient(loss, [...dense.map(({ tensor }) => tensor), ...lookups.map(({ rows }) => rows)])
  const outputs: Record<string, Tensor> = { loss }
  for (const [i, { name, shape }] of dense.entries())
    outputs[gradientName(name)] = add(input(sofarName(name), shape), gradients[i])

  // Words, positions and types are summed, so all three share one gradient: it leaves the graph once.
  const byGradient = new Map<Tensor, LookedUp[]>()
  for (const [i, lookup] of lookups.entries()) {
    const rowGradient = gradients[dense.length + i]
    byGradient.set(rowGradient, [...(byGradient.get(rowGradient) ?? []), lookup])
  }
  const rowGradients = [...byGradient].map(([rowGradient, tables], i) => {
    const output = `rows.${i}`
    outputs[output] = rowGradient
    return { output, width: rowGradient.shape[1] as number, tables }
  })
  return { outputs, dense: dense.map(({ name }) => name), rowGradients, dropout }
}

/** Whether a parameter belongs to the frozen beginning. */
export function isFrozen(
  { part }: Pick<ParameterSpec, 'part'>,
  { freeze_embeddings = false, freeze_layers = 0 }: Freeze,
): boolean {
  if (part.role === 'embedding') return freeze_embeddings || freeze_layers > 0
  return part.role === 'layer' && part.layer < freeze_layers
}

/** The hidden state after the frozen layers, without dropout: output `hidden` [tokens, hidden_size]. */
export function frozenGraph(config: ModelConfig, freeze_layers: number): Graph {
  return { hidden: encoder(new Parameters(), config, noDropout, { to: freeze_layers }) }
}

/** The parameters of the question-answering model in the order of the checkpoint, as they lie in flat memory. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const p = new Parameters()
  questionAnswering(p, config, noDropout)
  return [...p.specs.values()]
}
