import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchGradient, recordedMasks } from '../../tests/batch-gradient.ts'
import { describeEnginesInFull } from '../../tests/engines.ts'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { maxDifference, readRecorded } from '../../tests/read-safetensors.ts'
import { recordedBatches, tinyModel } from '../../tests/tiny-model.ts'
import { matchParameters } from '../checkpoint/load-parameters.ts'
import type { StoredTensor } from '../checkpoint/stored-tensor.ts'
import { parseArguments } from '../training/arguments/arguments.ts'
import { Stepper } from '../training/loop/stepper.ts'
import { decays } from '../training/optimizer/adamw.ts'
import { MODEL_TYPES } from './registry.ts'

/**
 * How far torch's float32 is from the results that scripts/python/tiny_models.py recorded in float64. Another summation
 * order may differ a few times as much.
 */
interface Rounding {
  readonly logits: number
  readonly loss: number
  readonly gradient: number
  readonly step_loss: number
  readonly grad_norm: number
  readonly weights: number
}
const TIMES = 4

/** The gradient norm of ALBERT with inner groups at its seventh step: 4.5 times. */
const LOOSER: Readonly<Record<string, Partial<Rounding>>> = { 'albert-inner-groups': { grad_norm: 6 } }

const tolerances = (family: string): Rounding => {
  const recorded = fixtureJson<Rounding>(`tiny/${family}/rounding.json`)
  const times = (kind: string) => LOOSER[family]?.[kind as keyof Rounding] ?? TIMES
  return Object.fromEntries(Object.entries(recorded).map(([kind, rounding]) => [kind, times(kind) * rounding])) as never
}

/** Other configurations, which scripts/python/tiny_models.py lists as VARIANTS. */
const VARIANTS = [
  'albert-inner-groups',
  'deberta-absolute',
  'deberta-content-to-position',
  'deberta-position-to-content',
  'deberta-without-buckets',
  'electra-wide',
  'modernbert-long',
  'roberta-types',
]

/** All architectures except BERT, which has its own fixtures. */
const families = [...MODEL_TYPES.filter((type) => type !== 'bert'), ...VARIANTS]

const expected = (family: string, name: string) => readRecorded(fixture(`tiny/${family}/expected-${name}.safetensors`))

describeEnginesInFull('the recorded outputs', (engine) => {
  describe.each(families)('%s', (family) => {
    const batches = recordedBatches(family)
    const within = tolerances(family)
    const model = tinyModel(`${family}/model`, engine)
    afterAll(() => model.release())

    test.each(Object.keys(batches))(
      'reproduces the recorded logits, loss and gradient of every parameter (%s)',
      async (name) => {
        const want = expected(family, name)
        const { rows, spans } = batches[name]
        const { logits, loss } = await model.forward(rows, spans)
        for (const side of ['start_logits', 'end_logits'] as const) {
          const found = logits.flatMap((row) => [...row[side]])
          expect(maxDifference(found, want[side].data)).toBeLessThan(within.logits)
        }
        expect(Math.abs(loss! - want.loss.data[0])).toBeLessThan(within.loss)

        const gradients = await batchGradient(model, batches[name])
        expect(Math.abs(gradients.loss - want.loss.data[0])).toBeLessThan(within.loss)
        expectGradients(model.parameters.entries, gradients.view, want, within)
      },
    )

    test('applies dropout in the same places as transformers in training mode', async () => {
      const want = expected(family, 'dropout')
      const dropping = tinyModel(`${family}/model`, engine, { dropout: true })
      const { loss, view } = await batchGradient(dropping, batches.plain, undefined, recordedMasks)
      expect(Math.abs(loss - want.loss.data[0])).toBeLessThan(within.loss)
      expectGradients(model.parameters.entries, view, want, within)
    })
  })
})

function expectGradients(
  entries: readonly { readonly name: string }[],
  view: (name: string) => Float32Array,
  want: ReturnType<typeof readRecorded>,
  within: Rounding,
): void {
  const recorded = Object.keys(want).filter((name) => name.startsWith('grad.'))
  expect(recorded.sort()).toEqual(entries.map(({ name }) => `grad.${name}`).sort())
  for (const { name } of entries)
    expect(maxDifference(view(name), want[`grad.${name}`].data), name).toBeLessThan(within.gradient)
}

interface RecordedSteps {
  readonly lr: number
  readonly weight_decay: number
  readonly clip: number
  readonly warmup: number
  readonly eps: number
  /** The parameters to which weight decay applies. */
  readonly decay: readonly string[]
  readonly steps: readonly { readonly loss: number; readonly grad_norm: number; readonly lr: number }[]
}

describe.each(families)('ten recorded steps of AdamW: %s', (family) => {
  const within = tolerances(family)
  const recorded = fixtureJson<RecordedSteps>(`tiny/${family}/steps.json`)
  const model = tinyModel(`${family}/model`)
  const batches = Object.values(recordedBatches(family))
  const windows = batches.flatMap(({ rows, spans }) =>
    rows.map(({ input_ids, token_type_ids, attended }, r) => ({
      example: 0,
      input_ids: input_ids.slice(0, attended),
      token_types: Uint8Array.from(token_type_ids.slice(0, attended)),
      context_start: 1,
      context_end: attended - 1,
      offsets: new Int32Array(2 * attended),
      ...spans[r],
    })),
  )
  const firsts = batches.map((_, i) => batches.slice(0, i).reduce((n, { rows }) => n + rows.length, 0))
  let stepper: Stepper | undefined
  beforeAll(async () => {
    const { lr: learning_rate, weight_decay, clip: max_grad_norm, warmup: warmup_steps, eps: adam_epsilon } = recorded
    const args = { learning_rate, weight_decay, max_grad_norm, warmup_steps, adam_epsilon, padding: 'longest' }
    stepper = await Stepper.open(model, parseArguments(args, 'test'), recorded.steps.length)
  })
  afterAll(() => stepper?.release())

  test('weight decay applies to the same parameters', () => {
    const decaying = model.parameters.entries.filter(decays)
    expect(decaying.map(({ name }) => name).sort()).toEqual(recorded.decay)
  })

  test('reproduces the recorded loss, gradient norm and learning rate of every step, and the final weights', async () => {
    for (const [step, want] of recorded.steps.entries()) {
      const turn = step % batches.length
      const group = [batches[turn].rows.map((_, r) => firsts[turn] + r)]
      const { loss, grad_norm, learning_rate } = await stepper!.step(step, group, windows)
      expect(Math.abs(loss - want.loss), `loss of step ${step}`).toBeLessThan(within.step_loss)
      expect(Math.abs(grad_norm - want.grad_norm), `norm of step ${step}`).toBeLessThan(within.grad_norm)
      expect(learning_rate).toBeCloseTo(want.lr, 12)
    }
    for (const [name, { data }] of Object.entries(readRecorded(fixture(`tiny/${family}/weights-final.safetensors`))))
      expect(maxDifference(model.parameters.view(name), data), name).toBeLessThan(within.weights)
  })
})

interface RecordedReport {
  readonly tensors: Readonly<Record<string, readonly number[]>>
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
}

describe.each(families)('checkpoints of other classes: %s', (family) => {
  const { specs, architecture } = tinyModel(`${family}/model`)
  const checkpoints = fixtureJson<Record<string, RecordedReport>>(`tiny/${family}/checkpoints.json`)

  test.each(Object.entries(checkpoints))(
    '%s: reports the same missing and unexpected tensors as transformers',
    (_name, recorded) => {
      const stored = Object.entries(recorded.tensors).map(
        ([name, shape]) => [name, { name, shape, dtype: 'F32' } as StoredTensor] as const,
      )
      const { missing, unexpected, mismatched } = matchParameters(new Map(stored), specs, architecture.checkpoint)
      expect({ missing, unexpected, mismatched }).toEqual({
        missing: recorded.missing,
        unexpected: recorded.unexpected,
        mismatched: [],
      })
    },
  )
})
