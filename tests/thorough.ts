import { it } from 'vitest'

/** Whether long tests run completely, as in `.ci/run`: SPANFORGE_THOROUGH is set. */
export const isThorough = Boolean(process.env.SPANFORGE_THOROUGH)

/**
 * Whether tests run that take minutes each and prove what rarely breaks, which `.ci/run` leaves out: SPANFORGE_EXHAUSTIVE
 * is set.
 */
export const isExhaustive = Boolean(process.env.SPANFORGE_EXHAUSTIVE)

/** Like `it`, for tests that only run in thorough runs. */
export const itInFull = it.runIf(isThorough)

/** The size of a test that can take long: `all` in thorough runs, otherwise a size suitable for everyday work. */
export const thoroughOr = <T>(all: T, usually: T): T => (isThorough ? all : usually)

/** The size of a test that can take minutes: `all` in exhaustive runs, otherwise a size suitable for every run. */
export const exhaustiveOr = <T>(all: T, usually: T): T => (isExhaustive ? all : usually)
