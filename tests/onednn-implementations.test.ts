/** Which of oneDNN's implementations compute the operators of each architecture. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MODEL_TYPES } from '../src/models/registry.ts'
import { describeEngine } from './engines.ts'
import type { Sizes } from './small-families.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { exhaustiveOr } from './thorough.ts'

const SIZES: readonly Sizes[] = [
  { hidden: 18, inner: 37, heads: 3 },
  ...exhaustiveOr<Sizes[]>(
    [
      { hidden: 16, inner: 24, heads: 2 },
      { hidden: 64, inner: 96, heads: 2 },
      { hidden: 192, inner: 200, heads: 3 },
    ],
    [],
  ),
]

describeEngine('onednn', 'oneDNN', () => {
  // The instructions of this processor, and those of older ones.
  test.each(['DEFAULT', ...exhaustiveOr(['AVX512_CORE', 'AVX2'], [])])(
    'has fast code for every operator of every architecture (%s)',
    (instructions) => {
      const script = fileURLToPath(new URL('onednn-implementations-child.ts', import.meta.url))
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', import.meta.resolve('tsx'), script, JSON.stringify([SIZES, temporaryFolder()])],
        { encoding: 'utf8', env: { ...process.env, ONEDNN_MAX_CPU_ISA: instructions } },
      )
      expect(status, stderr).toBe(0)
      const found = stdout.trim().split('\n')
      for (const type of MODEL_TYPES) expect(found).toContainEqual(expect.stringContaining(` ${type} 18: `))
      expect(found.filter((line) => /: (gemm:)?ref/.test(line))).toEqual([])
    },
    300_000,
  )
})
