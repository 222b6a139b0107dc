import { describe, expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { maxDifference, readRecorded } from '../../tests/read-safetensors.ts'
import { type RecordedBatch, recordedBatch, tinyModel, unpadded } from '../../tests/tiny-model.ts'
import { BatchGradient } from '../training/gradients.ts'
import { plainKernels } from '../training/plain-kernels.ts'
import type { BertForQuestionAnswering } from './question-answering.ts'
import { countSpans } from './span-targets.ts'

// What is left is rounding in another order of summation: torch's own float32 is as far from float64.
const LOGITS = 1e-5
const LOSS = 2e-6
const GRADIENT = 2e-6

const models = [
  ['gelu', 'b1/safetensors', 'b1'],
  ['gelu_new', 'b4/gelu_new', 'b4/gelu_new'],
  ['relu', 'b4/relu', 'b4/relu'],
]
const batches = ['padded', 'plain', 'ignored-positions']

/** Gradients by name, the batch cut into passes of so many rows. */
async function gradients(model: BertForQuestionAnswering, { rows, spans }: RecordedBatch, rowsPerPass = rows.length) {
  const arrays = {
    parameters: model.parameters.data,
    gradients: new Float32Array(model.parameters.size),
    passGradients: new Float32Array(model.parameters.size),
  }
  const batch = await BatchGradient.compile(model.engine, model.config, model.parameters, arrays, plainKernels)
  const counts = countSpans(
    spans,
    rows.map(({ input_ids }) => input_ids.length),
  )
  let loss = 0
  for (let r = 0; r < rows.length; r += rowsPerPass) {
    const part = { rows: rows.slice(r, r + rowsPerPass), spans: spans.slice(r, r + rowsPerPass), counts }
    loss += await batch.add(part, () => new Float32Array(0))
  }
  await batch.release()
  const view = (name: string) => {
    const { start, size } = model.parameters.entries.find((entry) => entry.name === name)!
    return arrays.gradients.subarray(start, start + size)
  }
  return { loss, view, all: arrays.gradients }
}

describe.each(models)('a model with %s', (_activation, folder, data) => {
  const model = tinyModel(folder!)

  test.each(batches)('gives the recorded logits and loss (%s)', async (name) => {
    const expected = readRecorded(fixture(`tiny/${data}/expected-${name}.safetensors`))
    const { rows, spans } = recordedBatch(fixture(`tiny/${data}/batch-${name}.safetensors`))
    const { logits, loss } = await model.forward(rows, spans)
    const flat = (key: 'start_logits' | 'end_logits') => logits.flatMap((row) => [...row[key]])
    expect(maxDifference(flat('start_logits'), expected.start_logits!.data)).toBeLessThan(LOGITS)
    expect(maxDifference(flat('end_logits'), expected.end_logits!.data)).toBeLessThan(LOGITS)
    expect(Math.abs(loss! - expected.loss!.data[0]!)).toBeLessThan(LOSS)
  })

  test.each(batches)('gives the recorded gradient of every parameter (%s)', async (name) => {
    const expected = readRecorded(fixture(`tiny/${data}/expected-${name}.safetensors`))
    const { loss, view } = await gradients(model, recordedBatch(fixture(`tiny/${data}/batch-${name}.safetensors`)))
    expect(Math.abs(loss - expected.loss!.data[0]!)).toBeLessThan(LOSS)
    for (const { name } of model.parameters.entries)
      expect(maxDifference(view(name), expected[`grad.${name}`]!.data), name).toBeLessThan(GRADIENT)
  })
})

describe('real tokens only', () => {
  const model = tinyModel('b1/safetensors')
  const padded = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))

  test('padding changes no logit', async () => {
    const whole = await model.forward(padded.rows)
    const real = await model.forward(unpadded(padded).rows)
    for (const [r, { start_logits, end_logits }] of real.logits.entries()) {
      const n = start_logits.length
      expect(maxDifference(start_logits, whole.logits[r]!.start_logits.subarray(0, n))).toBeLessThan(LOGITS)
      expect(maxDifference(end_logits, whole.logits[r]!.end_logits.subarray(0, n))).toBeLessThan(LOGITS)
    }
  })

  test('the passes of a batch add up to the gradient of the batch', async () => {
    const batch = unpadded(padded)
    const whole = await gradients(model, batch)
    const parts = await gradients(model, batch, 1)
    expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(LOSS)
    expect(maxDifference(parts.all, whole.all)).toBeLessThan(GRADIENT)
  })

  test('a row that shares its pass with longer ones has the gradient it has alone', async () => {
    const { rows, spans } = unpadded(padded)
    const short = { rows: [rows[1]!], spans: [spans[1]!] }
    const alone = await gradients(model, short)
    // A second row whose spans lie outside adds nothing but its presence.
    const outside = { start_position: 1e6, end_position: 1e6 }
    const beside = await gradients(model, { rows: [rows[1]!, rows[0]!], spans: [spans[1]!, outside] })
    expect(maxDifference(alone.all, beside.all)).toBeLessThan(GRADIENT)
  })
})
