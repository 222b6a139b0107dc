import { SpanforgeError } from '../../errors.ts'
import { OpenVinoFailure } from './c-library.ts'

/** An error of the library as one of ours: in its own words, without its source lines, and what to do. */
export function failure(what: string, error: unknown): unknown {
  if (!(error instanceof OpenVinoFailure)) return error
  const words = error.message
    .split('\n')
    .filter((line) => !/^\s*(Exception from .*|)$/.test(line))
    .join('\n')
  const isMemory = /bad.?alloc|allocate|out of memory/i.test(words)
  return new SpanforgeError(isMemory ? `memory: OpenVINO found no room (${words})` : `${what}: ${words}`, {
    remedy: isMemory ? 'Lower max_tokens_per_pass, or end other programs.' : undefined,
    cause: error,
  })
}
