import { expect, test } from 'vitest'
import { bindShape, product } from '../graph/shape.ts'
import { input } from '../graph/tensor.ts'
import { rotary } from './attention.ts'
import { add } from './elementwise.ts'
import { permuteRows } from './gather.ts'
import { gemm, matmul } from './linalg.ts'
import { reshape, transpose } from './movement.ts'
import { layerNormalization } from './normalize.ts'
import { sum } from './reduce.ts'
import { concat, split } from './split.ts'
import { takeAlong } from './take-along.ts'

const x = input('x', [2, 3])
const packed = input('packed', ['tokens', 8])

test('element-wise operators report both shapes and the axis that differs', () => {
  expect(() => add(x, input('y', [2, 4]))).toThrow(
    'Add: [2, 3] and [2, 4] do not broadcast: axis 1 is 3 in one, 4 in the other',
  )
})

test('two different named dimensions do not broadcast', () => {
  expect(() => add(packed, input('y', ['rows', 8]))).toThrow('axis 0 is tokens in one, rows in the other')
})

test('matrix products report the inner sizes', () => {
  expect(() => matmul(x, x)).toThrow('MatMul: inner sizes differ: [2, 3] x [2, 3]: axis 1 is 3, axis 0 is 2')
  expect(() => gemm(x, input('w', [3, 4]), { c: input('c', [5]) })).toThrow(
    'the row vector c: float32 [5] does not match',
  )
})

test('reshape preserves the number of elements, including named dimensions', () => {
  expect(reshape(packed, ['tokens', 2, 4]).shape).toEqual(['tokens', 2, 4])
  expect(reshape(input('y', ['rows', 12, 'length', 4]), ['12*length*rows', 4]).shape).toEqual(['12*length*rows', 4])
  expect(() => reshape(packed, ['tokens', 9])).toThrow(
    '[tokens, 8] cannot become [tokens, 9]: 8*tokens elements do not equal 9*tokens',
  )
  expect(() => reshape(input('y', ['length*rows', 2]), ['rows', 'length', 2])).toThrow('inferred at run time')
})

test('transpose requires a permutation', () => {
  expect(() => transpose(x, [0, 0])).toThrow('[0,0] is not a permutation of the axes of [2, 3]')
})

test('sum requires existing axes', () => {
  expect(() => sum(x, [2])).toThrow('[2, 3] has no axis 2')
})

test('permuteRows requires an inverse index that matches the rows', () => {
  expect(() => permuteRows(packed, input('to', [3], 'int32'), input('from', ['rows'], 'int32'))).toThrow(
    'do not match the inverse',
  )
})

test('layer normalization requires a scale and shift as wide as the rows', () => {
  expect(() => layerNormalization(packed, input('g', [4]), input('b', [8]), 1e-12)).toThrow(
    'g: float32 [4] and b: float32 [8] do not match',
  )
})

test('parts of a split make up the last axis, and joined parts have the same rows', () => {
  expect(() => split(packed, [4, 3])).toThrow('Split: parts of 4 and 3 do not make up [tokens, 8]')
  expect(() => split(input('y', [2, 'length']), [1])).toThrow(
    'the last axis of y: float32 [2, length] has no fixed size',
  )
  expect(() => concat([x, packed])).toThrow('Concat: packed: float32 [tokens, 8] does not fit x: float32 [2, 3]')
})

test('a rotation wants an angle for each pair of values', () => {
  const angles = input('angles', ['tokens', 8])
  expect(() => rotary(packed, angles, angles)).toThrow('are not the angles of half of packed: float32 [tokens, 8]')
})

test('an index along rows fits the rows', () => {
  expect(() => takeAlong(packed, input('at', [2, 2], 'int32'))).toThrow('does not fit the rows of packed')
})

test('products of dimensions have a canonical form', () => {
  expect(product(['rows', 12, 'length', 2])).toBe('24*length*rows')
  expect(product([2, 3])).toBe(6)
  expect(product(['12*length*rows', 2])).toBe('24*length*rows')
})

test('replaces named dimensions by their values and reports missing ones', () => {
  expect(bindShape(['2*rows*length', 4], { rows: 3, length: 5 })).toEqual([30, 4])
  expect(() => bindShape(['rows'], {})).toThrow('missing value for dimension "rows"')
})
