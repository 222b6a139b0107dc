/** A small bug that the tests must detect. */
export interface Mutation {
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** Tests that should fail, starting with a fast one. */
  readonly tests: readonly string[]
}

/** Returns a function that lists changes of a file, each of which one of these tests should detect. */
export const mutations =
  (...tests: readonly string[]) =>
  (file: string, ...changes: readonly (readonly [find: string, replace: string])[]): Mutation[] =>
    changes.map(([find, replace]) => ({ file, find, replace, tests }))
