import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest, longest first. */
const LONG = ['curve', 'data/fuzz', 'pipeline', 'killed-runs', 'inference/evaluate', 'minilm', 'hub/processes', 'e2e/']

/** The long files begin, so that none of them is left running alone at the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((name) => moduleId.includes(`${name}${name.endsWith('/') ? '' : '.test'}`))
      return place < 0 ? LONG.length : place
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'tests/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two test files at once; that each takes one core is quicker than that both take all.
    maxWorkers: 2,
    env: { SPANFORGE_THREADS: '1' },
    pool: 'forks',
    sequence: { sequencer: LongFirst },
  },
})
