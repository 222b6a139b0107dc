import { expect, test } from 'vitest'
import { bindShape, product } from '../graph/shape.ts'
import { input } from '../graph/tensor.ts'
import { add } from './elementwise.ts'
import { permuteRows } from './gather.ts'
import { gemm, matmul } from './linalg.ts'
import { reshape, transpose } from './movement.ts'
import { layerNormalization } from './normalize.ts'
import { sum } from './reduce.ts'

const x = input('x', [2, 3])
const packed = input('packed', ['tokens', 8])

test('element-wise operators name both shapes and the axis that differs', () => {
  expect(() => add(x, input('y', [2, 4]))).toThrow(
    'Add: [2, 3] and [2, 4] do not broadcast: axis 1 is 3 in one, 4 in the other',
  )
})

test('two different named dimensions do not broadcast', () => {
  expect(() => add(packed, input('y', ['rows', 8]))).toThrow('axis 0 is tokens in one, rows in the other')
})

test('matrix products name the inner sizes', () => {
  expect(() => matmul(x, x)).toThrow('MatMul: inner sizes differ: [2, 3] x [2, 3]: axis 1 is 3, axis 0 is 2')
  expect(() => gemm(x, input('w', [3, 4]), { c: input('c', [5]) })).toThrow('the row c: float32 [5] does not fit')
})

test('a reshape keeps the number of elements, named or not', () => {
  expect(reshape(packed, ['tokens', 2, 4]).shape).toEqual(['tokens', 2, 4])
  expect(reshape(input('y', ['rows', 12, 'length', 4]), ['12*length*rows', 4]).shape).toEqual(['12*length*rows', 4])
  expect(() => reshape(packed, ['tokens', 9])).toThrow(
    '[tokens, 8] cannot become [tokens, 9]: 8*tokens elements are not 9*tokens',
  )
  expect(() => reshape(input('y', ['length*rows', 2]), ['rows', 'length', 2])).toThrow('worked out at run time')
})

test('a transpose wants a permutation', () => {
  expect(() => transpose(x, [0, 0])).toThrow('[0,0] is no permutation of the axes of [2, 3]')
})

test('a sum wants axes that are there', () => {
  expect(() => sum(x, [2])).toThrow('[2, 3] has no axis 2')
})

test('rows are permuted by an inverse index of the same shape', () => {
  expect(() => permuteRows(packed, input('to', [3], 'int32'), input('from', ['rows'], 'int32'))).toThrow('do not fit')
})

test('a layer normalization wants scale and shift of the rows width', () => {
  expect(() => layerNormalization(packed, input('g', [4]), input('b', [8]), 1e-12)).toThrow(
    'does not fit g: float32 [4]',
  )
})

test('products of dimensions have one spelling', () => {
  expect(product(['rows', 12, 'length', 2])).toBe('24*length*rows')
  expect(product([2, 3])).toBe(6)
  expect(product(['12*length*rows', 2])).toBe('24*length*rows')
})

test('named dimensions are replaced by their values, and a missing one is named', () => {
  expect(bindShape(['2*rows*length', 4], { rows: 3, length: 5 })).toEqual([30, 4])
  expect(() => bindShape(['rows'], {})).toThrow('no value for dimension "rows"')
})
