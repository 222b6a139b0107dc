import { describe, expect, test } from 'vitest'
import { sweepSpace, trialsOf } from './sweep-space.ts'

describe('A grid', () => {
  test('is every combination, values as the flags of train read them', () => {
    const space = sweepSpace({ grid: ['learning_rate=3e-5,1e-4', 'group_by_length=true,false'] })
    expect(trialsOf(space, 42)).toEqual([
      { learning_rate: 3e-5, group_by_length: true },
      { learning_rate: 3e-5, group_by_length: false },
      { learning_rate: 1e-4, group_by_length: true },
      { learning_rate: 1e-4, group_by_length: false },
    ])
  })

  test('can come from a file; flags win', () => {
    const file = { grid: { lr_scheduler_kwargs: [{ power: 2 }, null], seed: [1, 2] } }
    expect(trialsOf(sweepSpace({ grid: ['seed=7'] }, file), 42)).toEqual([
      { lr_scheduler_kwargs: { power: 2 }, seed: 7 },
      { lr_scheduler_kwargs: null, seed: 7 },
    ])
  })
})

describe('Random search', () => {
  const range = ['learning_rate=1e-5..1e-3:log', 'weight_decay=0..0.1', 'warmup_steps=1..3']
  const draws = (count: number, seed = 42) => trialsOf(sweepSpace({ random: count, range, grid: ['seed=1,2'] }), seed)

  test('draws within its ranges, integers for integers, and from the grid', () => {
    const trials = draws(200)
    const of = (name: string) => trials.map((trial) => trial[name] as number)
    expect(Math.min(...of('learning_rate'))).toBeGreaterThanOrEqual(1e-5)
    expect(Math.max(...of('learning_rate'))).toBeLessThanOrEqual(1e-3)
    // Half of the draws below the middle order of magnitude: 100 of 200, give or take 4 standard deviations of 7.
    expect(Math.abs(of('learning_rate').filter((rate) => rate < 1e-4).length - 100)).toBeLessThan(29)
    expect(new Set(of('warmup_steps'))).toEqual(new Set([1, 2, 3]))
    expect(new Set(of('seed'))).toEqual(new Set([1, 2]))
    expect(Math.max(...of('weight_decay'))).toBeLessThanOrEqual(0.1)
  })

  test('gives the same draws again, and more of them after the same first ones', () => {
    expect(draws(3)).toEqual(draws(5).slice(0, 3))
    expect(draws(3, 43)).not.toEqual(draws(3))
  })
})

describe('A space is refused', () => {
  test.each<[string, Parameters<typeof sweepSpace>[0], string]>([
    ['that is empty', {}, 'nothing to try'],
    ['with a grid that has no values', { grid: ['seed='] }, 'expected for instance learning_rate=3e-5,1e-4'],
    ['with a value that cannot be', { grid: ['seed=many'] }, '--seed: found "many", expected an integer'],
    ['with a range upside down', { random: 1, range: ['seed=3..1'] }, 'expected LOW..HIGH'],
    ['with a logarithmic range from zero', { random: 1, range: ['weight_decay=0..1:log'] }, 'with positive numbers'],
    ['with a range but no draws', { range: ['weight_decay=0..1'] }, 'Give --random N too'],
    ['with a range of what is no number', { random: 1, range: ['padding=0..1'] }, 'not an argument that is a number'],
    ['that names an argument twice', { random: 1, range: ['seed=1..2'], grid: ['seed=1'] }, 'give one'],
    [
      'with more draws than a sweep may have',
      { random: 1e9, grid: ['seed=1'] },
      'found 1,000,000,000 runs, expected at most 10,000',
    ],
    [
      'with more combinations than a sweep may have',
      {
        grid: ['seed', 'max_steps', 'logging_steps', 'eval_steps', 'save_steps'].map((name) => `${name}=1,2,3,4,5,6,7`),
      },
      'found 16,807 runs',
    ],
    ['that would change the folder', { grid: ['output_dir=a,b'] }, 'the same for the whole sweep'],
  ])('%s', (_, given, message) => {
    expect(() => sweepSpace(given)).toThrow(message)
  })
})
