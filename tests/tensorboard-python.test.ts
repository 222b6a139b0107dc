import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { scalars } from '../src/report/tensorboard.ts'
import type { LogEntry } from '../src/training/checkpoints/state.ts'
import { runHere } from './run-here.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { type Flags, tinyTraining } from './tiny-run.ts'

/** A Python with tensorboard: SPANFORGE_PYTHON, or python3. */
const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const script = fileURLToPath(new URL('tensorboard-python.py', import.meta.url))
const hasTensorBoard = spawnSync(python, [script]).status === 0
if (!hasTensorBoard) console.warn(`SKIPPED (${python} has no tensorboard; see SPANFORGE_PYTHON): tensorboard-python`)

type Scalars = Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>

function readByTensorBoard(folder: string): { readonly kinds: readonly string[]; readonly scalars: Scalars } {
  return JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8' }))
}

/** The log entries of a run as expected in TensorBoard: numbers by tag, in float32. */
function expectedOf(entries: readonly LogEntry[]): Scalars {
  const byTag: Record<string, [number, number][]> = {}
  for (const entry of entries)
    for (const [tag, value] of scalars(entry)) {
      byTag[tag] ??= []
      byTag[tag].push([entry.step, Math.fround(value)])
    }
  return byTag
}

const logOf = (out: string): LogEntry[] => JSON.parse(readFileSync(join(out, 'trainer_state.json'), 'utf8')).log_history

describe.skipIf(!hasTensorBoard)('TensorBoard reads', { timeout: 120_000 }, () => {
  const settings: Flags = { eval_strategy: 'epoch', save_steps: 6 }

  test('exactly the numbers that a run logged', async () => {
    const folder = temporaryFolder()
    const { code, stderr } = await runHere(...tinyTraining(folder, settings))
    expect(code, stderr).toBe(0)
    const history = logOf(join(folder, 'out'))
    // 12 steps, 2 evaluations and the totals.
    expect(history).toHaveLength(15)
    const found = readByTensorBoard(join(folder, 'out/runs'))
    expect(found).toEqual({ kinds: ['scalars'], scalars: expectedOf(history) })
    expect(found.scalars['train/loss'].map(([step]) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(Object.keys(found.scalars)).toEqual(expect.arrayContaining(['eval/loss', 'eval/f1', 'train/learning_rate']))
  })

  test('the numbers of both sessions of a resumed run', async () => {
    const folder = temporaryFolder()
    const out = join(folder, 'out')
    await runHere(...tinyTraining(folder, settings))
    const first = logOf(out)
    const { code, stderr } = await runHere(
      ...tinyTraining(folder, { ...settings, resume_from_checkpoint: 'checkpoint-6' }),
    )
    expect(code, stderr).toBe(0)
    // The checkpoint was written before the evaluation of its epoch.
    const second = logOf(out).slice(first.findIndex((entry) => 'eval_loss' in entry))
    const found = readByTensorBoard(join(out, 'runs'))
    expect(found.scalars).toEqual(expectedOf([...first, ...second]))
  })
})
