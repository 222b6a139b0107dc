import { describe, expect, test } from 'vitest'
import { batchGradient, recordedMasks } from '../../tests/batch-gradient.ts'
import { describeEnginesInFull } from '../../tests/engines.ts'
import { mostLiveValues } from '../../tests/live-values.ts'
import { recordingOperators } from '../../tests/operators-run.ts'
import { maxDifference } from '../../tests/read-safetensors.ts'
import { thoroughOr } from '../../tests/thorough.ts'
import { recordedBatches, tinyModel } from '../../tests/tiny-model.ts'
import { lower, plainOnnx } from '../lowering/lower.ts'
import type { Engine } from '../runtime/engine.ts'
import { dialect } from '../runtime/onnxruntime.ts'
import { trainingGraph } from './programs.ts'
import { architectureOf, MODEL_TYPES } from './registry.ts'

const again = { gradient_checkpointing: true }

/** Without BERT, which has its own fixtures and the same layers as ELECTRA. */
const folderOf = (family: string) => `${family === 'bert' ? 'electra' : family}/model`
const tiny = (family: string, engine?: Engine) => tinyModel(folderOf(family), engine, { dropout: true })
const families = thoroughOr(
  MODEL_TYPES.filter((family) => family !== 'bert'),
  ['roberta', 'modernbert'],
)

const differing = (a: Float32Array, b: Float32Array): number => a.filter((x, i) => !Object.is(x, b[i])).length
const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((x, i) => x - b[i]))

describeEnginesInFull('gradient checkpointing', (engine) => {
  /** OpenVINO may fuse other operators, and round differently. */
  const expectSame = (found: Float32Array, want: Float32Array) =>
    engine.name === 'openvino'
      ? expect(maxDifference(found, want)).toBeLessThan(1e-6 * Math.max(...want.map(Math.abs)))
      : expect(differing(found, want)).toBe(0)

  test.each(families)('computes the same as without: %s', async (family) => {
    const model = tiny(family, engine)
    const { plain } = recordedBatches(family)
    const kept = await batchGradient(model, plain, 2, recordedMasks)
    const computedAgain = await batchGradient(model, plain, 2, recordedMasks, again)
    expect(computedAgain.loss).toBe(kept.loss)
    expectSame(computedAgain.all, kept.all)
    expect(kept.all.some((x) => x !== 0)).toBe(true)
  })

  test('computes the same as without if embeddings are frozen', async () => {
    const model = tiny('roberta', engine)
    const { plain } = recordedBatches('roberta')
    const frozen = { freeze_embeddings: true }
    const kept = await batchGradient(model, plain, undefined, recordedMasks, frozen)
    const computedAgain = await batchGradient(model, plain, undefined, recordedMasks, { ...frozen, ...again })
    expectSame(computedAgain.all, kept.all)
  })

  test.runIf(engine.precisions.includes('bfloat16'))('is as close to float32 as without, in bfloat16', async () => {
    const model = tiny('roberta', engine)
    const { plain } = recordedBatches('roberta')
    const gradients = (options: object) => batchGradient(model, plain, undefined, recordedMasks, options)
    const [exact, kept, computedAgain] = [
      await gradients({}),
      await gradients({ bf16: true }),
      await gradients({ bf16: true, ...again }),
    ]
    expect(distance(computedAgain.all, exact.all)).toBeLessThan(1.5 * distance(kept.all, exact.all))
  })
})

describe('gradient checkpointing', () => {
  const bindings = { tokens: 64, rows: 2, length: 32 }
  const liveValues = (family: string, layers: number, options = {}) => {
    const { config } = tiny(family)
    const architecture = architectureOf(config)
    const deep = architecture.resized(config, { layers, vocab_size: architecture.geometry(config).vocab_size })
    const { outputs } = trainingGraph(deep, options)
    return [plainOnnx, dialect].map((to) => mostLiveValues(lower(outputs, to), bindings))
  }

  test.each(families)('keeps one hidden state for each further layer: %s', (family) => {
    const { hidden_size } = tiny(family).geometry
    const growth = (options?: object) => {
      const [few, many] = [6, 12].map((layers) => liveValues(family, layers, options))
      return many.map((values, i) => (values - few[i]) / 6)
    }
    expect(growth(again)).toEqual([64 * hidden_size, 64 * hidden_size])
    for (const perLayer of growth()) expect(perLayer).toBeGreaterThan(8 * 64 * hidden_size)
  })

  test('is not undone by ONNX Runtime, which computes each layer again right before its gradient', async () => {
    const recording = recordingOperators()
    const model = tiny('roberta', recording.engine)
    await batchGradient(model, recordedBatches('roberta').plain, undefined, recordedMasks, again)
    const operators = recording.operators()
    const activations = operators.flatMap((name, i) => (name === 'Erf' ? [i] : []))
    const { layers } = model.geometry
    expect(activations).toHaveLength(2 * layers)
    const productsBefore = (i: number) =>
      operators.slice(activations[i - 1], activations[i]).filter((name) => name === 'Gemm').length
    // Query, key, value, output and the layer around the activation; and again, with two products for each gradient.
    for (let i = 1; i < layers; i++) expect(productsBefore(i)).toBe(6)
    for (let i = layers + 1; i < 2 * layers; i++) expect(productsBefore(i)).toBeGreaterThanOrEqual(16)
  })
})
