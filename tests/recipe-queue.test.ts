import { expect, test } from 'vitest'
import { RECIPES, recipeArguments } from '../benchmarks/recipes/list.ts'
import { endTime, queueOf } from '../benchmarks/recipes/queue.ts'
import { parseArguments } from '../src/training/arguments/arguments.ts'

test('all recipes are trained with a seed before any with the next', () => {
  const queue = queueOf(['a', 'b'], '42,43', ['a', 'b'])
  expect(queue.map(({ recipe, seed }) => `${recipe} ${seed}`)).toEqual(['a 42', 'b 42', 'a 43', 'b 43'])
  expect(() => queueOf(['a', 'c'], '42', ['a', 'b'])).toThrow('unknown recipe c: expected --all, or some of a, b')
  expect(() => queueOf([], '42', ['a', 'b'])).toThrow('no recipe: expected --all')
  for (const seeds of ['', '42,', '-1', '1.5', 'x'])
    expect(() => queueOf(['a'], seeds, ['a'])).toThrow(`--seed ${seeds}: expected integers`)
})

test('the end is the next time of day, or in a number of hours', () => {
  const now = new Date(2026, 10, 30, 23, 15)
  expect(endTime({ until: '06:30' }, now)).toEqual(new Date(2026, 11, 1, 6, 30))
  expect(endTime({ until: '23:16' }, now)).toEqual(new Date(2026, 10, 30, 23, 16))
  expect(endTime({ until: '23:15' }, now)).toEqual(new Date(2026, 11, 1, 23, 15))
  expect(endTime({ max_hours: '1.5' }, now)).toEqual(new Date(2026, 11, 1, 0, 45))
  expect(endTime({}, now)).toBeUndefined()
  for (const until of ['24:00', '6', '06:60', 'soon'])
    expect(() => endTime({ until }, now)).toThrow(`--until ${until}: expected a time`)
  for (const max_hours of ['0', '-1', 'x', '1e9'])
    expect(() => endTime({ max_hours }, now)).toThrow(`--max_hours ${max_hours}: expected a number`)
  expect(() => endTime({ until: '06:30', max_hours: '1' }, now)).toThrow('mutually exclusive')
})

test('the arguments of each recipe are valid', () => {
  for (const [name, recipe] of Object.entries(RECIPES)) {
    expect(parseArguments({ ...recipeArguments(recipe, 23_400) }, name).max_steps).toBeGreaterThan(0)
    if (recipe.teacher) expect(RECIPES[recipe.teacher].teacher).toBeUndefined()
  }
})
