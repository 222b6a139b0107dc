import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runHere } from '../../../tests/run-here.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { type Flags, tinyTraining } from '../../../tests/tiny-run.ts'

// Complete runs, which take seconds on an idle machine and minutes on a busy one.
vi.setConfig({ testTimeout: 600_000 })

async function cardOf(more: Flags) {
  const folder = temporaryFolder()
  const { code, stderr } = await runHere(...tinyTraining(folder, { max_steps: 2, save_strategy: 'no', ...more }))
  expect(code, stderr).toBe(0)
  const read = (name: string) => readFileSync(join(folder, 'out', name), 'utf8')
  return { folder, card: read('README.md'), results: JSON.parse(read('all_results.json')) }
}

test.each<Flags>([{}, { version_2_with_negative: true }])(
  'The card of a run from files, with %j, contains the scores, no paths and no unknown metadata',
  async (more) => {
    const { folder, card, results } = await cardOf(more)
    const [, exact, low, high] = /\| Exact match \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \|/.exec(card)!.map(Number)
    expect(exact).toBe(Number(results.eval_exact_match.toFixed(2)))
    expect(low).toBeLessThanOrEqual(exact)
    expect(high).toBeGreaterThanOrEqual(exact)
    expect(card).toContain(`| F1 | ${results.eval_f1.toFixed(2)} | `)
    expect(card).toContain('| training | train.json |  | 24 | 24 |  |')
    expect(card).toContain('| `model` | safetensors |\n| `train_file` | train.json |\n| `validation_file` | dev.json |')
    expect(card).not.toContain(folder)
    expect(card).not.toMatch(/^(license|language|base_model|datasets):/m)
    expect(card).toContain('License: not stated.')
  },
)
