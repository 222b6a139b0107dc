import { describe, expect, it } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import { learningRates, multiplierOf, type ScheduleOptions, schedulerTypes, warmupSteps } from './schedule.ts'

interface Recorded {
  cases: (ScheduleOptions & { warmup: number; total: number; multipliers: number[] })[]
  warmups: { warmup_steps: number; warmup_ratio: number; total: number; expected: number }[]
}
const recorded = fixtureJson<Recorded>('training/schedules.json')

describe('learning-rate schedules', () => {
  it('are all covered by recordings', () => {
    expect(new Set(recorded.cases.map((one) => one.lr_scheduler_type))).toEqual(new Set(schedulerTypes))
  })

  for (const { warmup, total, multipliers, ...options } of recorded.cases) {
    const kwargs = JSON.stringify(options.lr_scheduler_kwargs ?? {})
    it(`${options.lr_scheduler_type} ${kwargs} with ${warmup} of ${total} warm-up steps matches transformers`, () => {
      const multiplier = multiplierOf({ ...options, warmup_steps: warmup, warmup_ratio: 0 }, total)
      // Both are float64, but cosines and powers of two libraries may differ in the last place.
      for (const [step, expected] of multipliers.entries()) expect(multiplier(step)).toBeCloseTo(expected, 14)
    })
  }

  for (const { total, expected, ...options } of recorded.warmups)
    it(`has ${expected} warm-up steps of ${total} with ${JSON.stringify(options)}`, () => {
      expect(warmupSteps(options, total)).toBe(expected)
    })

  it('multiplies the learning rate', () => {
    const options = {
      lr_scheduler_type: 'linear',
      warmup_steps: 0,
      warmup_ratio: 0,
      lr_scheduler_kwargs: null,
    } as const
    expect(learningRates({ ...options, learning_rate: 3e-5 }, 4)(1)).toBe(3e-5 * 0.75)
  })
})
