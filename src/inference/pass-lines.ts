import { z } from 'zod'
import type { WindowLogits } from '../squad/answers/document-logits.ts'

/** The result of a pass: the windows that were computed together. */
export interface PassResult {
  /** Place of the pass among all passes of the data. */
  readonly number: number
  /** Indices of its windows. */
  readonly windows: readonly number[]
  readonly logits: readonly WindowLogits[]
  /** Sum of the losses of its windows, if they are labeled. */
  readonly loss: number
}

const LINE = z.object({
  pass: z.int().nonnegative(),
  loss: z.number(),
  windows: z.array(z.int().nonnegative()),
  /** Start and end logits of each window, as little-endian float32 in base64. */
  logits: z.array(z.tuple([z.string(), z.string()])),
})

/** The result of a pass as a line of JSON, exact to the last bit. */
export function passLine({ number, loss, windows, logits }: PassResult): string {
  const encoded = logits.map(({ start_logits, end_logits }) => [start_logits, end_logits].map(toBase64))
  return `${JSON.stringify({ pass: number, loss, windows, logits: encoded })}\n`
}

/** Reads a parsed line back. @throws ZodError for anything else */
export function passOf(line: unknown): PassResult {
  const { pass, loss, windows, logits } = LINE.parse(line)
  return {
    ...{ number: pass, loss, windows },
    logits: logits.map(
      ([start, end]): WindowLogits => ({ start_logits: fromBase64(start), end_logits: fromBase64(end) }),
    ),
  }
}

const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

function fromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  return new Float32Array(bytes.buffer)
}
