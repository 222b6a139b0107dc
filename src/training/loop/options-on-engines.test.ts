/** Options of training that change the graph or its inputs give the same losses on every engine. */
import { expect, test } from 'vitest'
import { describeCpuEngines } from '../../../tests/engines.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { trainTiny } from '../../../tests/tiny-loop.ts'
import { tinyModel } from '../../../tests/tiny-model.ts'
import type { TrainingArgumentsInput } from '../arguments/arguments.ts'

const OPTIONS: readonly TrainingArgumentsInput[] = [
  { freeze_layers: 1 },
  { freeze_embeddings: true },
  { label_smoothing_factor: 0.1 },
  { layer_lr_decay: 0.5 },
  { ema_decay: 0.9 },
  { teacher_weight: 0.7 },
  { padding: 'longest' },
  { padding: 'max_length' },
  { gradient_accumulation_steps: 2 },
  { max_tokens_per_pass: 48 },
]

/** Losses by step, and the last loss of the evaluation. */
const losses = new Map<string, Promise<number[]>>()

async function lossesOf(options: TrainingArgumentsInput, choice: Parameters<typeof trainTiny>[1]) {
  const settings = { ...options, save_strategy: 'no', eval_strategy: 'epoch', num_train_epochs: 1 } as const
  const teacher = options.teacher_weight ? tinyModel('b4/relu', choice?.engine) : undefined
  const { timeless } = await trainTiny({ ...settings, output_dir: temporaryFolder() }, { ...choice, teacher })
  return timeless.flatMap(({ loss, eval_loss }) => [loss, eval_loss]).filter((loss) => loss !== undefined) as number[]
}

/** Of the default engine. */
function expectedLosses(options: TrainingArgumentsInput): Promise<number[]> {
  const key = JSON.stringify(options)
  const known = losses.get(key) ?? lossesOf(options, {})
  losses.set(key, known)
  return known
}

describeCpuEngines('training', (engine) => {
  test.each(OPTIONS)('with %o has the losses of the default engine', async (options) => {
    const [expected, found] = [await expectedLosses(options), await lossesOf(options, { engine })]
    expect(found.length).toBeGreaterThan(3)
    expect(found).toHaveLength(expected.length)
    for (const [i, loss] of found.entries()) expect(loss, `${i}`).toBeCloseTo(expected[i], 3)
  })
})
