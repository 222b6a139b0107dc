import { describe, expect, test } from 'vitest'
import { notebookRun } from '../../../tests/sample-runs.ts'
import { parameterTable, totalParameters } from './architecture.ts'

describe('the table of parameters', () => {
  test('counts 108,893,186 parameters in bert-base, 1,538 of them in the head', () => {
    const rows = notebookRun.model.parameters
    expect(totalParameters(rows)).toBe(108_893_186)
    expect(totalParameters(rows.filter(({ name }) => name.startsWith('qa_outputs.')))).toBe(1538)
  })

  test('merges parameters that repeat in every layer into one row', () => {
    const query = notebookRun.model.parameters.find(({ name }) => name.includes('query.weight'))
    expect(query).toEqual({
      name: 'bert.encoder.layer.{0-11}.attention.self.query.weight',
      shape: [768, 768],
      copies: 12,
      count: 12 * 768 * 768,
    })
    expect(notebookRun.model.parameters).toHaveLength(5 + 16 + 2)
  })

  test('separates parameters with different shapes, and keeps the number of a single layer', () => {
    const rows = parameterTable([
      { name: 'layer.0.weight', shape: [2, 2] },
      { name: 'layer.1.weight', shape: [2, 3] },
      { name: 'scale', shape: [] },
    ])
    expect(rows.map(({ name, count }) => [name, count])).toEqual([
      ['layer.0.weight', 4],
      ['layer.1.weight', 6],
      ['scale', 1],
    ])
  })
})
