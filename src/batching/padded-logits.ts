import { type Executable, float32Value, int64Value, type Values } from '../runtime/engine.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Row } from './pack.ts'

/** The inputs of models that take padded rows, and their outputs. */
export const PADDED_SIGNATURE = {
  inputs: ['input_ids', 'attention_mask', 'token_type_ids'],
  outputs: ['start_logits', 'end_logits'],
} as const

/** Computes the logits of rows with a model that takes padded rows and has these `inputs`. */
export async function paddedLogits(
  executable: Pick<Executable, 'run'>,
  inputs: readonly string[],
  rows: readonly Row[],
  pad_token_id: number,
): Promise<WindowLogits[]> {
  const values = paddedInputs(rows, pad_token_id)
  const { dims } = values.input_ids
  const [, length] = dims
  const [start, end] = [new Float32Array(rows.length * length), new Float32Array(rows.length * length)]
  await executable.run(Object.fromEntries(inputs.map((name) => [name, values[name]])), {
    start_logits: float32Value(start, dims),
    end_logits: float32Value(end, dims),
  })
  return rows.map(({ input_ids }, r) => {
    const of = (side: Float32Array) => side.slice(r * length, r * length + input_ids.length)
    return { start_logits: of(start), end_logits: of(end) }
  })
}

/** The values of all inputs for rows, which are padded to the longest. */
export function paddedInputs(rows: readonly Row[], pad_token_id: number): Values {
  const length = Math.max(...rows.map(({ input_ids }) => input_ids.length))
  const dims = [rows.length, length]
  const padded = (fill: (row: Row, target: BigInt64Array) => void, padding = 0) => {
    const data = new BigInt64Array(rows.length * length).fill(BigInt(padding))
    for (const [r, row] of rows.entries()) fill(row, data.subarray(r * length, (r + 1) * length))
    return int64Value(data, dims)
  }
  return {
    input_ids: padded(({ input_ids }, to) => copy(input_ids, to), pad_token_id),
    attention_mask: padded(({ attended }, to) => to.fill(1n, 0, attended)),
    token_type_ids: padded(({ token_type_ids }, to) => copy(token_type_ids, to)),
  }
}

function copy(ids: Int32Array, target: BigInt64Array): void {
  for (let i = 0; i < ids.length; i++) target[i] = BigInt(ids[i])
}
