import { expect, it } from 'vitest'
import { segments } from './segments.ts'

const layer = (name: string, start: number, end: number) => ({ name, start, end })

it('splits a text at the boundaries of layers and names the layers of each segment', () => {
  expect(segments(20, [layer('gold', 5, 12), layer('prediction', 8, 15)])).toEqual([
    { start: 0, end: 5, names: [] },
    { start: 5, end: 8, names: ['gold'] },
    { start: 8, end: 12, names: ['gold', 'prediction'] },
    { start: 12, end: 15, names: ['prediction'] },
    { start: 15, end: 20, names: [] },
  ])
})

it('names a layer once if two layers of the same name overlap', () => {
  expect(segments(4, [layer('gold', 0, 4), layer('gold', 0, 2)]).map(({ names }) => names)).toEqual([
    ['gold'],
    ['gold'],
  ])
})

it('ignores empty layers and layers outside the text', () => {
  expect(segments(4, [layer('a', 0, 0), layer('b', 2, 9), layer('c', -1, 2)])).toEqual([
    { start: 0, end: 4, names: [] },
  ])
  expect(segments(0, [])).toEqual([])
})

it('splits at additional cuts without naming them', () => {
  expect(segments(4, [], [2]).map(({ start, end }) => [start, end])).toEqual([
    [0, 2],
    [2, 4],
  ])
})
