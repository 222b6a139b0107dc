import { UsageError } from '../errors.ts'
import { philox4x32 } from './philox.ts'

/**
 * A stream of random numbers. Streams with different (seed, purpose, counters) are independent. Equal streams produce
 * equal values on all machines.
 */
export interface Random {
  /** Returns an integer from 0 to 2^32 - 1. */
  nextUint32(): number
  /** Returns a number in [0, 1) with 53 random bits. */
  uniform(): number
  /** Returns a uniformly distributed integer from 0 to n - 1; n is at most 2^32. */
  below(n: number): number
  /** Returns a normally distributed number with mean 0 and standard deviation 1. */
  normal(): number
  /** Returns the numbers from 0 to n - 1 in random order. */
  permutation(n: number): Uint32Array
}

/** The start of a stream: the key of the generator and the upper three words of its counter. */
export interface Stream {
  readonly key: readonly [number, number]
  readonly counters: readonly [number, number, number]
}

/**
 * Returns the stream for a seed (0 to 2^32 - 1), a purpose and up to three counters (epoch, step, layer, ...) below
 * 2^32. Different tuples never share a block of the generator, so resuming a run needs no saved state.
 */
export function streamOf(seed: number, purpose: string, ...counters: number[]): Stream {
  if (counters.length > 3) throw new Error(`random: ${purpose}: ${counters.length} counters, at most 3`)
  for (const value of [seed, ...counters])
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)
      throw new UsageError(`random: ${purpose}: found ${value}, expected an integer from 0 to 2^32 - 1`)
  const [first = 0, second = 0, third = 0] = counters
  return { key: [seed, hashOf(purpose)], counters: [first, second, third] }
}

/** Creates a generator at the start of a stream. The arguments are those of `streamOf`. */
export function random(seed: number, purpose: string, ...counters: number[]): Random {
  const stream = streamOf(seed, purpose, ...counters)
  const key = Uint32Array.from(stream.key)
  const counter = Uint32Array.of(0, ...stream.counters)
  const words = new Uint32Array(4)
  let drawn = 0
  let spare: number | undefined

  function nextUint32(): number {
    const word = drawn % 4
    if (word === 0) {
      counter[0] = drawn / 4
      philox4x32(counter, key, words)
    }
    drawn++
    return words[word]
  }

  const uniform = (): number => ((nextUint32() >>> 5) * 2 ** 26 + (nextUint32() >>> 6)) / 2 ** 53

  function below(n: number): number {
    // Words above the last multiple of n would favor small numbers.
    const fair = 2 ** 32 - (2 ** 32 % n)
    let word = nextUint32()
    while (word >= fair) word = nextUint32()
    return word % n
  }

  /**
   * Polar method (Marsaglia and Bray 1964, "A convenient method for generating normal variables"). Generates two values
   * at a time.
   */
  function normal(): number {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    for (;;) {
      const x = 2 * uniform() - 1
      const y = 2 * uniform() - 1
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const scale = Math.sqrt((-2 * naturalLog(square)) / square)
      spare = y * scale
      return x * scale
    }
  }

  function permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const other = below(i + 1)
      const held = order[i]
      order[i] = order[other]
      order[other] = held
    }
    return order
  }

  return { nextUint32, uniform, below, normal, permutation }
}

/** 32-bit FNV-1a hash over UTF-16 code units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/**
 * Computes ln x for x > 0, accurate to a few units in the last place. The last bits of Math.log depend on the
 * JavaScript engine, whereas sums, products and quotients are exactly specified.
 */
export function naturalLog(x: number): number {
  let exponent = 0
  while (x < Math.SQRT1_2) {
    x *= 2
    exponent--
  }
  while (x > Math.SQRT2) {
    x /= 2
    exponent++
  }
  // ln x = 2 artanh z = 2 (z + z³/3 + z⁵/5 + ...), where 12 terms are sufficient because |z| < 0.172.
  const z = (x - 1) / (x + 1)
  let sum = 0
  for (let power = 23; power > 0; power -= 2) sum = sum * z * z + 1 / power
  return 2 * z * sum + exponent * Math.LN2
}
