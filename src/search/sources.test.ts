import { expect, test } from 'vitest'
import type { FoundPassage } from './passage-search.ts'
import { placeIn } from './sources.ts'

test('an answer is on the page on which it begins', () => {
  const pages = [
    [0, 3],
    [15, 4],
    [40, 6],
  ]
  const passage = {
    document: { id: 1, name: 'manual.pdf', title: null },
    headings: [],
    pages,
  } as unknown as FoundPassage
  expect([0, 14, 15, 39, 40, 99].map((offset) => placeIn(passage, offset).page)).toEqual([3, 3, 4, 4, 6, 6])
  expect(placeIn({ ...passage, pages: [] }, 5)).not.toHaveProperty('page')
})
