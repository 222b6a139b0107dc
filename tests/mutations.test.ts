import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MUTATIONS } from '../scripts/mutations/list.ts'
import { packageFile } from '../src/package-root.ts'

describe('The mutations that the tests must detect (scripts/mutate.ts)', () => {
  test('are at least fifty different ones', () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(50)
    expect(new Set(MUTATIONS.map((mutation) => JSON.stringify(mutation))).size).toBe(MUTATIONS.length)
  })

  test.each(MUTATIONS)('in $file still applies: $find', ({ file, find, replace, tests }) => {
    expect(readFileSync(packageFile(file), 'utf8').split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
    for (const name of tests) expect(existsSync(packageFile(name)), name).toBe(true)
  })
})
