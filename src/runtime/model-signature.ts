import { SpanforgeError } from '../errors.ts'
import type { Signature } from './engine.ts'

/** @throws SpanforgeError if the model in a file has an input that is not in the signature, or lacks an output */
export function checkSignature(file: string, found: Signature, { inputs, outputs }: Signature): void {
  const unknown = found.inputs.filter((name) => !inputs.includes(name))
  const missing = outputs.filter((name) => !found.outputs.includes(name))
  if (unknown.length === 0 && missing.length === 0) return
  const names = `the inputs ${found.inputs.join(', ')} and the outputs ${found.outputs.join(', ')}`
  throw new SpanforgeError(
    `${file}: found ${names}, expected at most the inputs ${inputs.join(', ')} and the outputs ${outputs.join(', ')}`,
    { remedy: 'Use a model that was exported for question answering.' },
  )
}
