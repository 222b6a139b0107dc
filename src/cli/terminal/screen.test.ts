import { afterEach, expect, test, vi } from 'vitest'
import { hasColor } from './screen.ts'

afterEach(() => vi.unstubAllEnvs())

test('colors are used only on terminals that support them, and never if NO_COLOR is set', () => {
  vi.stubEnv('NO_COLOR', undefined)
  expect(hasColor({ isTTY: true, hasColors: () => true })).toBe(true)
  expect(hasColor({ isTTY: true, hasColors: () => false })).toBe(false)
  expect(hasColor({ isTTY: false })).toBe(false)
  vi.stubEnv('NO_COLOR', '1')
  expect(hasColor({ isTTY: true, hasColors: () => true })).toBe(false)
})
