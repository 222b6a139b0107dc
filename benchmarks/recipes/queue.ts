export interface QueuedRun {
  readonly recipe: string
  readonly seed: number
}

/**
 * The runs of recipes with each of the seeds: all of them with the first seed, then all with the next.
 * @throws Error if a recipe is unknown, none is given, or a seed is not an integer from 0
 */
export function queueOf(asked: readonly string[], seeds: string, known: readonly string[]): QueuedRun[] {
  const unknown = asked.find((name) => !known.includes(name))
  if (unknown !== undefined || asked.length === 0)
    throw new Error(
      `${unknown === undefined ? 'no recipe' : `unknown recipe ${unknown}`}: expected --all, or some of ${known.join(', ')}`,
    )
  const numbers = seeds.split(',').map((seed) => (/^\s*\d+\s*$/.test(seed) ? Number(seed) : Number.NaN))
  if (numbers.some(Number.isNaN)) throw new Error(`--seed ${seeds}: expected integers from 0, separated by commas`)
  return numbers.flatMap((seed) => asked.map((recipe) => ({ recipe, seed })))
}

/** Largest delay of a timer in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * The end of a queue: the next `until` (HH:MM, local time), or in `max_hours` hours. Undefined if neither is given.
 * @throws Error if both are given or one is invalid
 */
export function endTime(
  { until, max_hours }: { readonly until?: string; readonly max_hours?: string },
  now: Date,
): Date | undefined {
  if (until !== undefined && max_hours !== undefined) throw new Error('--until and --max_hours are mutually exclusive')
  if (max_hours !== undefined) {
    const milliseconds = Number(max_hours) * 3_600_000
    if (!(milliseconds > 0 && milliseconds <= MAX_TIMEOUT))
      throw new Error(
        `--max_hours ${max_hours}: expected a number above 0 and at most ${Math.floor(MAX_TIMEOUT / 3_600_000)}`,
      )
    return new Date(now.getTime() + milliseconds)
  }
  if (until === undefined) return undefined
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(until) ?? []
  if (minutes === undefined) throw new Error(`--until ${until}: expected a time such as 06:30`)
  const end = new Date(now)
  end.setHours(Number(hours), Number(minutes), 0, 0)
  if (end <= now) end.setDate(end.getDate() + 1)
  return end
}
