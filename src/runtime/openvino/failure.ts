import { SpanforgeError } from '../../errors.ts'
import { OpenVinoFailure } from './c-library.ts'

/** Converts an error of the library to a SpanforgeError. Removes OpenVINO's source locations and adds a remedy. */
export function failure(what: string, error: unknown): unknown {
  if (!(error instanceof OpenVinoFailure)) return error
  const words = error.message
    .split('\n')
    .filter((line) => !/^\s*(Exception from .*|)$/.test(line))
    .join('\n')
  const isMemory = /bad.?alloc|allocate|out of memory/i.test(words)
  return new SpanforgeError(isMemory ? `memory: OpenVINO ran out of memory (${words})` : `${what}: ${words}`, {
    remedy: isMemory ? 'Lower max_tokens_per_pass, or close other programs.' : undefined,
    cause: error,
  })
}
