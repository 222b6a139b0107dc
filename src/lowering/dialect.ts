import type { Node, Op, Tensor } from '../graph/tensor.ts'

/** Rewrites a node. Returns one tensor per result, or undefined to leave the node unchanged. */
export type Rule = (node: Node) => readonly Tensor[] | undefined

/**
 * The operators that an engine supports. Composites that it neither runs nor rewrites are lowered by their own
 * definition.
 */
export interface Dialect {
  readonly name: string
  /**
   * Keyed by `operatorName`. The result of a rule is lowered in turn, so it must not contain the operator that it
   * replaces.
   */
  readonly rules?: Readonly<Record<string, Rule>>
  /** Composites that the engine runs natively, by `operatorName`. */
  readonly runs?: ReadonlySet<string>
}

/** Returns a qualified name, such as Gemm, com.microsoft.FusedMatMul or spanforge.Gelu. */
export const operatorName = ({ type, domain }: Op): string => (domain ? `${domain}.${type}` : type)

/** Only standard ONNX operators, which all ONNX tools can read. */
export const plainOnnx: Dialect = { name: 'ONNX' }
