import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'tests/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two test files at once; that each takes one core is quicker than that both take all.
    maxWorkers: 2,
    env: { SPANFORGE_THREADS: '1' },
    pool: 'forks',
  },
})
