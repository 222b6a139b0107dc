import { expect } from 'vitest'

const bytesOf = (x: ArrayBufferView): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength)

/** Compares typed arrays as bytes first: element by element, `toEqual` takes seconds for the weights of a model. */
function equalBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined
  return bytesOf(a).equals(bytesOf(b)) || undefined
}

const added = globalThis as { addedEqualBytes?: true }
// This file runs before each test file, but the testers of `expect` are those of the process.
if (!added.addedEqualBytes) expect.addEqualityTesters([equalBytes])
added.addedEqualBytes = true
