/** Draws that repeat: the n-th draw is a hash of (seed, purpose, n), so no state is shared between purposes. */
export class Random {
  private readonly key: number
  private count = 0

  constructor(
    private readonly seed: number,
    private readonly purpose: string,
  ) {
    this.key = mix(hashText(purpose) ^ mix(seed >>> 0))
  }

  /** A generator of its own for one part of the work: what it draws does not depend on what was drawn before. */
  fork(purpose: string): Random {
    return new Random(this.seed, `${this.purpose}/${purpose}`)
  }

  /** Uniform in [0, 1). */
  next(): number {
    return mix(this.key ^ mix(this.count++)) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]
  }

  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i)
      const held = out[i]
      out[i] = out[j]
      out[j] = held
    }
    return out
  }
}

/** FNV-1a, 32 bits, over UTF-16 units. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The 32-bit finalizer of MurmurHash3 after a Weyl step, so that 0 does not stay 0. */
function mix(value: number): number {
  let hash = (value + 0x9e3779b9) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
