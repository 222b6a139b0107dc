import { gradient } from '../autodiff/gradient.ts'
import { SpanforgeError } from '../errors.ts'
import { type Graph, input, scalar, type Tensor } from '../graph/tensor.ts'
import { type DropoutSite, dropoutInputs, noDropout } from '../nn/dropout.ts'
import { type Lookup, type ParameterSpec, Parameters } from '../nn/parameters.ts'
import { add, mul } from '../ops/elementwise.ts'
import { crossEntropy } from '../ops/softmax.ts'
import type { ModelConfig } from './architecture.ts'
import { encoder, questionAnswering } from './span-head.ts'

/**
 * Computes the loss of logits [rows, 2, length]. `span_bias` masks places without a token; `span_targets` weights the
 * others. With a temperature, adds the divergence from the probabilities of a teacher, which are in `teacher_targets`, and
 * their entropy, which is constant.
 */
function spanLoss(logits: Tensor, teacher_temperature?: number | null): Tensor {
  const masked = add(logits, input('span_bias', ['rows', 1, 'length']))
  const loss = crossEntropy(masked, input('span_targets', logits.shape))
  if (teacher_temperature == null) return loss
  const softened = mul(masked, scalar(1 / teacher_temperature))
  return add(loss, crossEntropy(softened, input('teacher_targets', logits.shape)))
}

/** Builds a graph with the outputs `logits` [rows, 2, length] and `loss` []. */
export function evaluationGraph(config: ModelConfig): Graph {
  const logits = questionAnswering(new Parameters(), config, noDropout)
  return { logits, loss: spanLoss(logits) }
}

export type { DropoutSite } from '../nn/dropout.ts'

type LookedUp = Pick<Lookup, 'table' | 'index' | 'padding_idx'>

/**
 * Gradient of gathered rows [tokens, width], which must be added to the gradients of the tables at the indexed rows.
 */
export interface RowGradient {
  readonly output: string
  readonly width: number
  readonly tables: readonly LookedUp[]
}

export interface TrainingGraph {
  /**
   * The outputs `loss` [], all `rowGradients`, and `gradient.<parameter>` for each parameter in `dense`. The latter is
   * the gradient plus the input `sofar.<parameter>`; if both use the same memory, passes accumulate in place.
   */
  readonly outputs: Graph
  readonly dense: readonly string[]
  readonly rowGradients: readonly RowGradient[]
  readonly dropout: readonly DropoutSite[]
}

/** The factor of the loss whose gradients are computed, []. */
export const LOSS_SCALE = 'loss_scale'
export const gradientName = (parameter: string): string => `gradient.${parameter}`
export const sofarName = (parameter: string): string => `sofar.${parameter}`

/** The frozen part of a model, which is always its beginning. Freezing layers also freezes the embeddings. */
export interface Freeze {
  readonly freeze_embeddings?: boolean
  /**
   * Number of frozen layers. Their output is computed in advance and fed as the input `hidden` [tokens, hidden_size].
   */
  readonly freeze_layers?: number
}

export interface TrainingGraphOptions extends Freeze {
  /** Whether the backward pass computes each layer again instead of keeping its values. */
  readonly gradient_checkpointing?: boolean
  /** Whether the gradients are those of the loss times the input `loss_scale`. */
  readonly scales_loss?: boolean
  /** The temperature at which the model also learns the probabilities of a teacher, if there is one. */
  readonly teacher_temperature?: number | null
}

export function trainingGraph(config: ModelConfig, options: TrainingGraphOptions = {}): TrainingGraph {
  const { freeze_embeddings = false, freeze_layers: from = 0, gradient_checkpointing, scales_loss } = options
  rejectSplitSharing(config, options)
  const p = new Parameters()
  const dropout: DropoutSite[] = []
  const logits = questionAnswering(p, config, dropoutInputs(dropout), { from, gradient_checkpointing })
  const loss = spanLoss(logits, options.teacher_temperature)

  const lookups = freeze_embeddings ? [] : p.lookups
  const dense = [...p.specs.values()].filter((spec) => !spec.table && !isFrozen(spec, options))
  const scaled = scales_loss ? mul(loss, input(LOSS_SCALE, [])) : loss
  const gradients = gradient(scaled, [...dense.map(({ tensor }) => tensor), ...lookups.map(({ rows }) => rows)])
  const outputs: Record<string, Tensor> = { loss }
  // In the order of the backward pass, so that an engine that computes outputs in order need not keep values for long.
  for (const [i, { name, shape }] of [...dense.entries()].reverse())
    outputs[gradientName(name)] = add(input(sofarName(name), shape), gradients[i])

  // Word, position and type embeddings are summed, so they share a single output for their gradient.
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

/** Returns whether a parameter belongs to the frozen part. */
export function isFrozen(
  { part }: Pick<ParameterSpec, 'part'>,
  { freeze_embeddings = false, freeze_layers = 0 }: Freeze,
): boolean {
  if (part.role === 'embedding') return freeze_embeddings || freeze_layers > 0
  return part.role === 'layer' && part.layer < freeze_layers
}

/** @throws SpanforgeError if weights that are trained are also those of a frozen layer, whose output is computed once */
function rejectSplitSharing(config: ModelConfig, freeze: Freeze): void {
  const { freeze_layers = 0 } = freeze
  if (freeze_layers === 0) return
  const p = new Parameters()
  encoder(p, config, noDropout, { to: freeze_layers })
  const shared = [...p.specs.values()].find((spec) => !isFrozen(spec, freeze))
  if (shared?.part.role === 'layer')
    throw new SpanforgeError(
      `freeze_layers ${freeze_layers}: layers up to ${shared.part.layer + 1} share their weights, such as ${shared.name}`,
      { remedy: `Freeze ${shared.part.layer + 1} layers, or none (freeze_layers 0).` },
    )
}

/** Computes the hidden state after the frozen layers without dropout, as output `hidden` [tokens, hidden_size]. */
export function frozenGraph(config: ModelConfig, freeze_layers: number): Graph {
  return { hidden: encoder(new Parameters(), config, noDropout, { to: freeze_layers }) }
}

/** A graph that adds two arrays of the same length, `to` and `from`. The output `sum` can be the memory of an input. */
export const sumGraph = (): Graph => ({ sum: add(input('to', ['n']), input('from', ['n'])) })

/** The parameters of the question-answering model in checkpoint order, which is also their order in memory. */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const p = new Parameters()
  questionAnswering(p, config, noDropout)
  return [...p.specs.values()]
}
