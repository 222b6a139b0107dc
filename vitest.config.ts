import { existsSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const isThorough = Boolean(process.env.SPANFORGE_THOROUGH)

/**
 * Those that take longest begin, so that none of them is left to run alone at the end: first those that do where
 * SPANFORGE_THOROUGH is set.
 */
const LONG = [
  'tests/curve.test.ts',
  'tests/recipes.test.ts',
  'tests/notebook-real-files.test.ts',
  'src/training/loop/resident-training.test.ts',
  'src/models/relatives.test.ts',
  'tests/mpi.test.ts',
  'tests/e2e/site',
  'src/runtime/onednn/onednn.test.ts',
  'tests/malformed.test.ts',
  'tests/package.test.ts',
  'src/data/',
  'src/models/published-size.test.ts',
  'src/inference/evaluate.test.ts',
  'tests/e2e/',
  'tests/killed-runs.test.ts',
  'src/server/models/promotion.test.ts',
  'tests/minilm.test.ts',
  'src/squad/reading/parquet.test.ts',
  'src/server/sockets.test.ts',
  'src/models/',
  'tests/',
]

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((part) => moduleId.includes(`/${part}`))
      return place < 0 ? LONG.length : place
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

/** Memory for files, where Linux has it. */
const SHARED_MEMORY = '/dev/shm'
/** Free bytes that SHARED_MEMORY needs for the files of tests, which take 2.2 GB at a time in thorough runs. */
const ENOUGH = 8e9

/** Where tests write: to memory if it has room, because each flushed file of a checkpoint makes them wait for a disk. */
function temporaryFiles(): string {
  if (process.env.TMPDIR || !existsSync(SHARED_MEMORY)) return tmpdir()
  const { bavail, bsize } = statfsSync(SHARED_MEMORY)
  return bavail * bsize > ENOUGH ? SHARED_MEMORY : tmpdir()
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'tests/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // What a test waits for comes at once, or on a busy machine a little later; a fault is one at any time.
    expect: { poll: { timeout: 60_000 } },
    globalSetup: 'tests/bundled-cli.ts',
    setupFiles: 'tests/equal-bytes.ts',
    sequence: { sequencer: LongFirst },
    // Two processes, each with its modules loaded once; that each takes one core is quicker than that both take all. In
    // quick runs, which compute less, they often wait for other processes and pages, so that a third one finds time.
    pool: 'forks',
    maxWorkers: isThorough ? 2 : 3,
    isolate: false,
    env: { SPANFORGE_THREADS: '1', TMPDIR: temporaryFiles() },
  },
})
