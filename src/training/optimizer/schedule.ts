/**
 * Learning-rate schedules, with the names and formulas of transformers. A schedule determines the fraction of
 * `learning_rate` used in each step.
 */

export const schedulerTypes = [
  'linear',
  'cosine',
  'cosine_with_restarts',
  'polynomial',
  'constant',
  'constant_with_warmup',
  'inverse_sqrt',
] as const

export type SchedulerType = (typeof schedulerTypes)[number]

export interface ScheduleOptions {
  readonly lr_scheduler_type: SchedulerType
  readonly learning_rate: number
  readonly warmup_steps: number
  readonly warmup_ratio: number
  readonly lr_scheduler_kwargs: SchedulerOptions | null
}

/** The options in lr_scheduler_kwargs. */
export interface SchedulerOptions {
  /**
   * For cosine, the number of waves over the whole run (default: 0.5); for cosine_with_restarts, the number of hard
   * restarts (default: 1).
   */
  readonly num_cycles?: number
  /** Final learning rate of polynomial (default: 1e-7). */
  readonly lr_end?: number
  /** Exponent of polynomial (default: 1). */
  readonly power?: number
}

/** The options that each scheduler type supports. */
export const schedulerOptions: Readonly<Record<SchedulerType, readonly (keyof SchedulerOptions)[]>> = {
  linear: [],
  cosine: ['num_cycles'],
  cosine_with_restarts: ['num_cycles'],
  polynomial: ['lr_end', 'power'],
  constant: [],
  constant_with_warmup: [],
  inverse_sqrt: [],
}

/** Number of warm-up steps: `warmup_steps` if given, otherwise the fraction `warmup_ratio` of all steps, rounded up. */
export function warmupSteps(
  options: Pick<ScheduleOptions, 'warmup_steps' | 'warmup_ratio'>,
  max_steps: number,
): number {
  return options.warmup_steps > 0 ? options.warmup_steps : Math.ceil(max_steps * options.warmup_ratio)
}

/**
 * Returns the learning rate of each of `max_steps` steps, starting with step 0. With a warm-up, the first rate is 0.
 */
export function learningRates(options: ScheduleOptions, max_steps: number): (step: number) => number {
  const multiplier = multiplierOf(options, max_steps)
  return (step) => options.learning_rate * multiplier(step)
}

/** Like `learningRates`, but returns the factor of `learning_rate`. */
export function multiplierOf(options: ScheduleOptions, max_steps: number): (step: number) => number {
  const warmup = options.lr_scheduler_type === 'constant' ? 0 : warmupSteps(options, max_steps)
  const afterWarmup = decayOf(options, warmup, max_steps)
  return (step) => (step < warmup ? step / warmup : afterWarmup(step))
}

/** Returns the factor after the warm-up. `progress` goes from 0 to 1 over the remaining steps. */
function decayOf(options: ScheduleOptions, warmup: number, max_steps: number): (step: number) => number {
  const { num_cycles, lr_end = 1e-7, power = 1 } = options.lr_scheduler_kwargs ?? {}
  const decaySteps = Math.max(1, max_steps - warmup)
  const progressAt = (step: number): number => (step - warmup) / decaySteps
  switch (options.lr_scheduler_type) {
    case 'linear':
      return (step) => Math.max(0, (max_steps - step) / decaySteps)
    case 'cosine':
      return (step) => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * (num_cycles ?? 0.5) * 2 * progressAt(step))))
    case 'cosine_with_restarts':
      return (step) => {
        const progress = progressAt(step)
        return progress >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * (((num_cycles ?? 1) * progress) % 1))))
      }
    case 'polynomial': {
      const initial = options.learning_rate
      return (step) => {
        if (step > max_steps) return lr_end / initial
        return ((initial - lr_end) * (1 - progressAt(step)) ** power + lr_end) / initial
      }
    }
    case 'inverse_sqrt': {
      const timescale = warmup || 10_000
      return (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale)
    }
    case 'constant':
    case 'constant_with_warmup':
      return () => 1
  }
}
