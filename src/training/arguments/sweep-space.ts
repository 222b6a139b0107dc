import { z } from 'zod'
import { UsageError } from '../../errors.ts'
import { random } from '../../random/random.ts'
import { showIssues } from '../../show-value.ts'
import { type ArgumentKind, notesOf } from './argument-field.ts'
import { argumentFlags } from './argument-flags.ts'
import { argumentNames, argumentSchema } from './arguments.ts'

/** Values of some training arguments, for one run of a sweep. */
export type Trial = Readonly<Record<string, unknown>>

/** Values from `low` to `high`, both inclusive. `log` samples uniformly on a logarithmic scale. */
export interface Range {
  readonly low: number
  readonly high: number
  readonly log: boolean
}

/** The search space of a sweep: all combinations of the grid, or `random` samples of grid and ranges. */
export interface SweepSpace {
  readonly grid: Readonly<Record<string, readonly unknown[]>>
  readonly ranges: Readonly<Record<string, Range>>
  /** Number of samples. If undefined, the whole grid is searched. */
  readonly random?: number
}

/** Arguments that the sweep sets itself, or that apply to the whole sweep. */
const RESERVED = ['output_dir', 'overwrite_output_dir', 'resume_from_checkpoint', 'metric_for_best_model']

const spaceFile = z.strictObject({
  grid: z.record(z.string(), z.array(z.unknown()).min(1)).default({}),
  range: z.record(z.string(), z.string()).default({}),
  random: z.int().min(1).optional(),
})

/**
 * Parses a search space: `grid` texts such as "learning_rate=3e-5,1e-4", `range` texts such as
 * "learning_rate=1e-5..2e-4:log", and a file with the fields grid, range and random.
 * @throws UsageError if an argument is unknown, or a value or range is invalid
 */
export function sweepSpace(
  given: { readonly grid?: readonly string[]; readonly range?: readonly string[]; readonly random?: number },
  file: unknown = {},
): SweepSpace {
  const parsed = spaceFile.safeParse(file)
  if (!parsed.success) throw new UsageError(`sweep file: ${showIssues(parsed.error.issues)}`)
  const { grid, range } = parsed.data
  const space: SweepSpace = {
    grid: { ...grid, ...Object.fromEntries((given.grid ?? []).map(parseGrid)) },
    ranges: Object.fromEntries(
      [...Object.entries(range).map(([name, text]) => `${name}=${text}`), ...(given.range ?? [])].map(parseRange),
    ),
    random: given.random ?? parsed.data.random,
  }
  checkNames(space)
  checkCount(space)
  return space
}

const MAX_RUNS = 10_000

function checkCount({ grid, random }: SweepSpace): void {
  const runs = random ?? Object.values(grid).reduce((product, { length }) => product * length, 1)
  if (runs <= MAX_RUNS) return
  const count = runs < 1e15 ? runs.toLocaleString('en-US') : runs.toPrecision(3)
  throw new UsageError(
    `sweep: found ${count} runs, expected at most ${MAX_RUNS.toLocaleString('en-US')}`,
    'Use fewer values in the grid, or --random N.',
  )
}

/** Returns the runs of a sweep. A sample does not depend on the total number, so more can be added later. */
export function trialsOf({ grid, ranges, random: draws }: SweepSpace, seed: number): Trial[] {
  if (draws === undefined)
    return Object.entries(grid).reduce<Trial[]>(
      (trials, [name, values]) => trials.flatMap((trial) => values.map((value) => ({ ...trial, [name]: value }))),
      [{}],
    )
  return Array.from({ length: draws }, (_, i) => {
    const { below, uniform } = random(seed, 'sweep', i)
    const chosen = Object.entries(grid).map(([name, values]) => [name, values[below(values.length)]])
    const drawn = Object.entries(ranges).map(([name, range]) => [
      name,
      draw(range, uniform(), kindOf(name) === 'integer'),
    ])
    return Object.fromEntries([...chosen, ...drawn])
  })
}

function draw({ low, high, log }: Range, share: number, whole: boolean): number {
  const value = log ? low * (high / low) ** share : low + (high - low) * share
  // Round to three digits for readability.
  return whole ? Math.round(value) : Math.min(high, Math.max(low, Number(value.toPrecision(3))))
}

function parseGrid(text: string): [string, unknown[]] {
  const [name, values] = split(text, '--grid', 'learning_rate=3e-5,1e-4')
  const flag = argumentFlags().find((flag) => flag.name === name)
  return [name, values.split(',').map((value) => flag?.parse(value) ?? value)]
}

function parseRange(text: string): [string, Range] {
  const [name, range] = split(text, '--range', 'learning_rate=1e-5..2e-4:log')
  const [, from, to, log] = /^([^:]+)\.\.([^:]+?)(:log)?$/.exec(range) ?? []
  const [low, high] = [Number(from), Number(to)]
  if (!(low < high) || (log && low <= 0))
    throw new UsageError(
      `--range ${text}: expected LOW..HIGH with numbers LOW < HIGH, or with positive numbers LOW..HIGH:log`,
      'For example: --range learning_rate=1e-5..2e-4:log',
    )
  return [name, { low, high, log: log !== undefined }]
}

function split(text: string, flag: string, example: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`${flag} ${text}: expected, for example, ${example}`)
}

function checkNames({ grid, ranges, random }: SweepSpace): void {
  const names = [...Object.keys(grid), ...Object.keys(ranges)]
  if (names.length === 0)
    throw new UsageError('sweep: no values to try', 'Use --grid learning_rate=3e-5,1e-4, or --random with --range.')
  for (const name of names) {
    if (RESERVED.includes(name)) throw new UsageError(`sweep: ${name} cannot vary within a sweep`)
    if (name in grid && name in ranges) throw new UsageError(`sweep: ${name} has both a grid and a range`)
  }
  for (const name of Object.keys(ranges)) {
    if (random === undefined) throw new UsageError(`--range ${name} requires random search`, 'Add --random N.')
    if (kindOf(name) !== 'integer' && kindOf(name) !== 'number')
      throw new UsageError(`--range ${name}: not a numeric argument`)
  }
}

const kindOf = (name: string): ArgumentKind | undefined =>
  argumentNames.includes(name) ? notesOf(argumentSchema(name)).kind : undefined
