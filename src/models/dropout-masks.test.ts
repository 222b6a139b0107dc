import { expect, test } from 'vitest'
import { batchGradient, recordedMasks } from '../../tests/batch-gradient.ts'
import { recordingOperators } from '../../tests/operators-run.ts'
import { recordedBatches, tinyModel } from '../../tests/tiny-model.ts'
import { trainingGraph } from './programs.ts'
import { MODEL_TYPES } from './registry.ts'

const families = MODEL_TYPES.filter((family) => family !== 'bert')

test.each(families)(
  'ONNX Runtime scales the masks of the backward pass after the loss, so that only their bytes are kept: %s',
  async (family) => {
    const recording = recordingOperators()
    const model = tinyModel(`${family}/model`, recording.engine, { dropout: true })
    await batchGradient(model, recordedBatches(family).plain, undefined, recordedMasks)
    const operators = recording.operators()
    const masksIn = (list: readonly string[]) => list.filter((name) => name === 'DequantizeLinear').length
    const sites = trainingGraph(model.config).dropout.length
    expect(sites).toBeGreaterThan(0)
    expect(masksIn(operators)).toBe(2 * sites)
    expect(masksIn(operators.slice(0, operators.indexOf('LogSoftmax')))).toBe(sites)
  },
)
