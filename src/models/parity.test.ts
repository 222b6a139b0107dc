import { describe, expect, test } from 'vitest'
import { batchGradient } from '../../tests/batch-gradient.ts'
import { describeEngines, describeEnginesInFull } from '../../tests/engines.ts'
import { fixture } from '../../tests/fixture.ts'
import { maxDifference, readRecorded } from '../../tests/read-safetensors.ts'
import { isExhaustive } from '../../tests/thorough.ts'
import { recordedBatch, tinyModel, unpadded } from '../../tests/tiny-model.ts'

// Differences are due to rounding with another summation order. float32 in torch is equally far from float64.
const LOGITS = 1e-5
const LOSS = 2e-6
const GRADIENT = 2e-6

const models = [
  ['BERT with gelu', 'b1/safetensors', 'b1'],
  ['BERT with gelu_new', 'b4/gelu_new', 'b4/gelu_new'],
  ['BERT with relu', 'b4/relu', 'b4/relu'],
]
const batches = ['padded', 'plain', 'ignored-positions']

describeEngines('the recorded outputs', (engine) => {
  const isQuick = engine.name !== 'webgpu' || isExhaustive
  describe.each(isQuick ? models : models.slice(0, 1))('%s', (_name, folder, data) => {
    const model = tinyModel(folder, engine)

    test.each(batches)('reproduces the recorded logits and loss (%s)', async (name) => {
      const expected = readRecorded(fixture(`tiny/${data}/expected-${name}.safetensors`))
      const { rows, spans } = recordedBatch(fixture(`tiny/${data}/batch-${name}.safetensors`))
      const { logits, loss } = await model.forward(rows, spans)
      const flat = (key: 'start_logits' | 'end_logits') => logits.flatMap((row) => [...row[key]])
      expect(maxDifference(flat('start_logits'), expected.start_logits.data)).toBeLessThan(LOGITS)
      expect(maxDifference(flat('end_logits'), expected.end_logits.data)).toBeLessThan(LOGITS)
      expect(Math.abs(loss! - expected.loss.data[0])).toBeLessThan(LOSS)
    })

    test.each(batches)('reproduces the recorded gradient of every parameter (%s)', async (name) => {
      const expected = readRecorded(fixture(`tiny/${data}/expected-${name}.safetensors`))
      const { loss, view } = await batchGradient(
        model,
        recordedBatch(fixture(`tiny/${data}/batch-${name}.safetensors`)),
      )
      expect(Math.abs(loss - expected.loss.data[0])).toBeLessThan(LOSS)
      for (const { name } of model.parameters.entries)
        expect(maxDifference(view(name), expected[`grad.${name}`].data), name).toBeLessThan(GRADIENT)
    })
  })
})

describeEnginesInFull('real tokens only', (engine) => {
  const model = tinyModel('b1/safetensors', engine)
  const padded = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))

  test('padding does not change logits', async () => {
    const whole = await model.forward(padded.rows)
    const real = await model.forward(unpadded(padded).rows)
    for (const [r, { start_logits, end_logits }] of real.logits.entries()) {
      const n = start_logits.length
      expect(maxDifference(start_logits, whole.logits[r].start_logits.subarray(0, n))).toBeLessThan(LOGITS)
      expect(maxDifference(end_logits, whole.logits[r].end_logits.subarray(0, n))).toBeLessThan(LOGITS)
    }
  })

  test('the gradients of the passes add up to the gradient of the batch', async () => {
    const batch = unpadded(padded)
    const whole = await batchGradient(model, batch)
    const parts = await batchGradient(model, batch, 1)
    expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(LOSS)
    expect(maxDifference(parts.all, whole.all)).toBeLessThan(GRADIENT)
  })

  test('the gradient of a row does not depend on longer rows in the same pass', async () => {
    const { rows, spans } = unpadded(padded)
    const short = { rows: [rows[1]], spans: [spans[1]] }
    const alone = await batchGradient(model, short)
    // A second row whose spans are outside contributes nothing to the gradient.
    const outside = { start_position: 1e6, end_position: 1e6 }
    const beside = await batchGradient(model, { rows: [rows[1], rows[0]], spans: [spans[1], outside] })
    expect(maxDifference(alone.all, beside.all)).toBeLessThan(GRADIENT)
  })
})
