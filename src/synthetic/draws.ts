import { random as generator, type Random } from '../random/random.ts'

/** Reproducible random choices, with an independent stream for every (seed, purpose, index). */
export class Draws {
  private readonly random: Random

  constructor(
    private readonly seed: number,
    private readonly purpose: string,
    private readonly index: number,
  ) {
    this.random = generator(seed, purpose, index)
  }

  /** Creates an independent stream for one part of the work. It does not depend on earlier draws. */
  fork(part: string): Draws {
    return new Draws(this.seed, `${this.purpose} ${part}`, this.index)
  }

  /** A random number in [0, 1). */
  uniform(): number {
    return this.random.uniform()
  }

  /** A random integer from `low` to `high`, inclusive. */
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
