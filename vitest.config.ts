import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'tests/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // The runtime uses every core by itself: two test files at once are enough.
    maxWorkers: 2,
    pool: 'forks',
  },
})
