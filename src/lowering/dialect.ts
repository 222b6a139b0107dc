import type { Node, Op, Tensor } from '../graph/tensor.ts'

/** Other operators for one use of an operator, one tensor for each result; undefined leaves it as it is. */
export type Rule = (node: Node) => readonly Tensor[] | undefined

/** What an engine runs. Composites that it neither runs nor has a rule for become what their definition says. */
export interface Dialect {
  readonly name: string
  /** By `operatorName`. A rule's result is lowered in turn, so it must not contain the very operator it replaces. */
  readonly rules?: Readonly<Record<string, Rule>>
  /** Composites that the engine runs itself, by `operatorName`. */
  readonly runs?: ReadonlySet<string>
}

/** Gemm, com.microsoft.FusedMatMul, spanforge.Gelu. */
export const operatorName = ({ type, domain }: Op): string => (domain ? `${domain}.${type}` : type)

/** ONNX's own operators and no others: what any ONNX tool reads. */
export const plainOnnx: Dialect = { name: 'ONNX' }
