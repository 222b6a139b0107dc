/** Whether long tests run completely, as in `.ci/run`: SPANFORGE_THOROUGH is set. */
export const isThorough = Boolean(process.env.SPANFORGE_THOROUGH)

/** How much of a test is done that could go on for long: all of it, or as much as one waits for while working. */
export const thoroughOr = <T>(all: T, usually: T): T => (isThorough ? all : usually)
