import { random as generator, type Random } from '../random/random.ts'

/** Choices that repeat: a stream of draws of its own for every (seed, purpose, index). */
export class Draws {
  private readonly random: Random

  constructor(
    private readonly seed: number,
    private readonly purpose: string,
    private readonly index: number,
  ) {
    this.random = generator(seed, purpose, index)
  }

  /** The stream for one part of the work: what it yields does not depend on what was drawn before. */
  fork(part: string): Draws {
    return new Draws(this.seed, `${this.purpose} ${part}`, this.index)
  }

  /** [0, 1) */
  uniform(): number {
    return this.random.uniform()
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + this.random.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)]
  }

  shuffle<T>(items: readonly T[]): T[] {
    return Array.from(this.random.permutation(items.length), (i) => items[i])
  }
}
