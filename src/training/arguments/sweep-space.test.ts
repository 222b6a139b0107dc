import { describe, expect, test } from 'vitest'
import { sweepSpace, trialsOf } from './sweep-space.ts'

describe('A grid', () => {
  test('contains all combinations, with values parsed like the flags of train', () => {
    const space = sweepSpace({ grid: ['learning_rate=3e-5,1e-4', 'group_by_length=true,false'] })
    expect(trialsOf(space, 42)).toEqual([
      { learning_rate: 3e-5, group_by_length: true },
      { learning_rate: 3e-5, group_by_length: false },
      { learning_rate: 1e-4, group_by_length: true },
      { learning_rate: 1e-4, group_by_length: false },
    ])
  })

  test('can be read from a file, which flags override', () => {
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

  test('samples from ranges and the grid, with integers for integer arguments', () => {
    const trials = draws(200)
    const of = (name: string) => trials.map((trial) => trial[name] as number)
    expect(Math.min(...of('learning_rate'))).toBeGreaterThanOrEqual(1e-5)
    expect(Math.max(...of('learning_rate'))).toBeLessThanOrEqual(1e-3)
    // Half of the samples are below the geometric mean: 100 of 200, within 4 standard deviations of 7.
    expect(Math.abs(of('learning_rate').filter((rate) => rate < 1e-4).length - 100)).toBeLessThan(29)
    expect(new Set(of('warmup_steps'))).toEqual(new Set([1, 2, 3]))
    expect(new Set(of('seed'))).toEqual(new Set([1, 2]))
    expect(Math.max(...of('weight_decay'))).toBeLessThanOrEqual(0.1)
  })

  test('is reproducible, and larger sweeps start with the same samples', () => {
    expect(draws(3)).toEqual(draws(5).slice(0, 3))
    expect(draws(3, 43)).not.toEqual(draws(3))
  })
})

describe('A space is rejected', () => {
  test.each<[string, Parameters<typeof sweepSpace>[0], string]>([
    ['that is empty', {}, 'no values to try'],
    ['with a grid that has no values', { grid: ['seed='] }, 'expected, for example, learning_rate=3e-5,1e-4'],
    ['with a value that cannot be', { grid: ['seed=many'] }, '--seed: found "many", expected an integer'],
    ['with a range upside down', { random: 1, range: ['seed=3..1'] }, 'expected LOW..HIGH with numbers LOW < HIGH'],
    ['with a logarithmic range from zero', { random: 1, range: ['weight_decay=0..1:log'] }, 'with positive numbers'],
    ['with a range but no draws', { range: ['weight_decay=0..1'] }, 'Add --random N'],
    ['with a range of what is no number', { random: 1, range: ['padding=0..1'] }, 'not a numeric argument'],
    [
      'that names an argument twice',
      { random: 1, range: ['seed=1..2'], grid: ['seed=1'] },
      'has both a grid and a range',
    ],
    ['with too many samples', { random: 1e9, grid: ['seed=1'] }, 'found 1,000,000,000 runs, expected at most 10,000'],
    [
      'with too many combinations',
      {
        grid: ['seed', 'max_steps', 'logging_steps', 'eval_steps', 'save_steps'].map((name) => `${name}=1,2,3,4,5,6,7`),
      },
      'found 16,807 runs',
    ],
    ['that would change the folder', { grid: ['output_dir=a,b'] }, 'cannot vary within a sweep'],
  ])('%s', (_, given, message) => {
    expect(() => sweepSpace(given)).toThrow(message)
  })
})
