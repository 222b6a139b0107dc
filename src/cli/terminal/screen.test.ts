import { afterEach, expect, test, vi } from 'vitest'
import { hasColour } from './screen.ts'

afterEach(() => vi.unstubAllEnvs())

test('colours are used only on terminals that support them, and never if NO_COLOR is set', () => {
  vi.stubEnv('NO_COLOR', undefined)
  expect(hasColour({ isTTY: true, hasColors: () => true })).toBe(true)
  expect(hasColour({ isTTY: true, hasColors: () => false })).toBe(false)
  expect(hasColour({ isTTY: false })).toBe(false)
  vi.stubEnv('NO_COLOR', '1')
  expect(hasColour({ isTTY: true, hasColors: () => true })).toBe(false)
})
